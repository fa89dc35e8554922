/* fetch.h - the datasets of a batch of pinned submissions: from the cache, else in one COPY. */
#ifndef PILOT_WORKER_FETCH_H
#define PILOT_WORKER_FETCH_H

#include "cache.h"
#include "layout.h"
#include "pilot/database.h"
#include "pilot/error.h"

typedef struct pilot_fetched {
    pilot_cached_t **cached; /* by pin */
    size_t count;
    uint64_t rows_pulled;
    bool all_cached;
} pilot_fetched_t;

/* PILOT_E_WITHDRAWN: a submission is gone.  PILOT_E_DATABASE without SQLSTATE-class to give up on,
 * and *ret_lagging: rows are not (yet) those that were pinned.  Release with
 * pilot_fetched_release; on failure *ret_fetched is untouched. */
pilot_status_t pilot_fetch(pilot_db_t *db, pilot_cache_t *cache, const pilot_layout_t *layout,
                           Pilot__Pin *const *pin, size_t pin_count, pilot_fetched_t *ret_fetched,
                           bool *ret_lagging, pilot_error_t *error);
void pilot_fetched_release(pilot_fetched_t *fetched, pilot_cache_t *cache);

#endif

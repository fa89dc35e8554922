/* cache.h - datasets that threads share, least recently used out first.
 *
 * The limit counts what the cache keeps of its own; a dataset in use is never freed, so threads may
 * hold a little more for the time of a job.  All functions may be called from any thread. */
#ifndef PILOT_WORKER_CACHE_H
#define PILOT_WORKER_CACHE_H

#include "dataset.h"

typedef struct pilot_cache pilot_cache_t;
typedef struct pilot_cached pilot_cached_t; /* a reference to a dataset */

pilot_cache_t *pilot_cache_new(size_t limit_bytes);
void pilot_cache_free(pilot_cache_t *cache); /* no references may be out; NULL is fine */

/* The dataset of this submission under this layout key, or NULL.  Release it. */
pilot_cached_t *pilot_cache_find(pilot_cache_t *cache, uint64_t submission, const char *key,
                                 size_t key_length);

/* Consumes the dataset.  Never NULL: what does not fit lives until it is released. */
pilot_cached_t *pilot_cache_add(pilot_cache_t *cache, pilot_dataset_t *dataset, const char *key,
                                size_t key_length);
const pilot_dataset_t *pilot_cached_dataset(const pilot_cached_t *cached);
void pilot_cache_release(pilot_cache_t *cache, pilot_cached_t *cached); /* NULL is fine */

/* Submissions that came in since the last call: at most `most`; returns how many. */
size_t pilot_cache_news(pilot_cache_t *cache, uint64_t *ret_submission, size_t most);

/* Every submission that is in the cache counts as news again (a coordinator forgot us). */
void pilot_cache_renew_news(pilot_cache_t *cache);

size_t pilot_cache_bytes(pilot_cache_t *cache);

#endif

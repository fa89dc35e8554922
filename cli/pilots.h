/* pilots.h - what several pilots found, read for a comparison: of each its latest confirmatory
 * analysis (else its latest finished one), the effects of its agencies, and in which group they
 * are.
 */
#ifndef PILOT_CLI_PILOTS_H
#define PILOT_CLI_PILOTS_H

#include "pilot/compare_pilots.h"
#include "pilot/database.h"
#include "pilot/text.h"

typedef struct pilot_pilots_query {
    /* "pilot": one group; "agency": by the id that the plans give agencies; else an attribute of
     * theirs */
    const char *by;
    const char *const *outcome; /* those of these names; NULL: the primary ones */
    size_t outcomes;
    bool released;
} pilot_pilots_query_t;

/* One pilot: what was used of it. */
typedef struct pilot_pilots_source {
    char *pilot;
    int64_t analysis; /* 0: there is none */
    bool confirmatory;
    char *outcomes;   /* "reading, math": those that took part; "" */
    size_t effects;   /* that can take part, before those of one agency count once */
    size_t groupless; /* of agencies without the id or attribute: left out */
    char *reason;     /* why nothing can take part; NULL: something does */
    pilot_pilots_effect_t *effect;
    size_t effect_count, effect_capacity;
    PGresult *rows, *attributes; /* what texts point into */
} pilot_pilots_source_t;

/* PILOT_E_NOT_FOUND: there is no such pilot, or nothing of it is released.  Clear in any case. */
pilot_status_t pilot_pilots_read(pilot_db_t *db, const char *pilot,
                                 const pilot_pilots_query_t *query, pilot_pilots_source_t *ret,
                                 pilot_error_t *error);
void pilot_pilots_clear(pilot_pilots_source_t *source);

#endif

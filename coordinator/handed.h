/* handed.h - which pins went to which workers, gathered until the writer logs them. */
#ifndef PILOT_HANDED_H
#define PILOT_HANDED_H

#include <stddef.h>
#include <stdint.h>

#include "pilot/text.h"

typedef struct pilot_handed_worker {
    uint32_t slot, generation;
    char name[64]; /* ASCII where the worker's own name is not valid UTF-8 */
} pilot_handed_worker_t;

typedef struct pilot_handed_job {
    uint64_t analysis;
    uint32_t worker; /* index */
    uint32_t first, last;
} pilot_handed_job_t;

typedef struct pilot_handed {
    pilot_handed_worker_t *worker;
    size_t worker_count, worker_capacity;
    pilot_handed_job_t *job;
    size_t job_count, job_capacity;
} pilot_handed_t;

/* One job with the pins first ... last of the analysis. */
void pilot_handed_add(pilot_handed_t *handed, uint64_t analysis, uint32_t slot, uint32_t generation,
                      const char *name, uint32_t first, uint32_t last);
void pilot_handed_clear(pilot_handed_t *handed); /* frees */

/* What work.note_handed takes, of several together: an object an analysis, by number; workers by
 * name, each with its pins as "0-99,105", sorted and merged. */
void pilot_handed_json(const pilot_handed_t *const *handed, size_t count, uint64_t epoch,
                       pilot_text_t *json);

#endif

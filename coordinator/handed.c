#include "handed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* ---- gather ---------------------------------------------------------------------------------- */

static uint32_t find_worker(pilot_handed_t *handed, uint32_t slot, uint32_t generation,
                            const char *name)
{
    for (size_t i = handed->worker_count; i-- > 0;)
        if (handed->worker[i].slot == slot && handed->worker[i].generation == generation)
            return (uint32_t)i;
    handed->worker = pilot_grow(handed->worker, &handed->worker_capacity, handed->worker_count + 1,
                                sizeof *handed->worker);
    pilot_handed_worker_t *worker = &handed->worker[handed->worker_count];
    *worker = (pilot_handed_worker_t){.slot = slot, .generation = generation};
    snprintf(worker->name, sizeof worker->name, "%s", name);
    /* What another process calls itself must not keep the entry out of the log. */
    if (!pilot_utf8_valid(worker->name, strlen(worker->name), NULL))
        for (char *c = worker->name; *c; c++)
            if ((unsigned char)*c >= 0x80)
                *c = '?';
    return (uint32_t)handed->worker_count++;
}

void pilot_handed_add(pilot_handed_t *handed, uint64_t analysis, uint32_t slot, uint32_t generation,
                      const char *name, uint32_t first, uint32_t last)
{
    uint32_t worker = find_worker(handed, slot, generation, name);
    handed->job =
        pilot_grow(handed->job, &handed->job_capacity, handed->job_count + 1, sizeof *handed->job);
    handed->job[handed->job_count++] =
        (pilot_handed_job_t){.analysis = analysis, .worker = worker, .first = first, .last = last};
}

void pilot_handed_clear(pilot_handed_t *handed)
{
    free(handed->worker);
    free(handed->job);
    *handed = (pilot_handed_t){0};
}

/* ---- tell ------------------------------------------------------------------------------------ */

typedef struct line {
    uint64_t analysis;
    const char *worker;
    uint32_t first, last;
} line_t;

static int by_place(const void *left, const void *right)
{
    const line_t *a = left, *b = right;
    if (a->analysis != b->analysis)
        return a->analysis < b->analysis ? -1 : 1;
    int order = strcmp(a->worker, b->worker);
    if (order != 0)
        return order;
    return a->first < b->first ? -1 : a->first > b->first;
}

static line_t *sort_lines(const pilot_handed_t *const *handed, size_t count, size_t *ret_lines)
{
    size_t lines = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        lines += handed[i]->job_count;
    line_t *line = PILOT_NEW_ARRAY(line_t, lines + 1);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < handed[i]->job_count; k++) {
            const pilot_handed_job_t *job = &handed[i]->job[k];
            line[at++] = (line_t){.analysis = job->analysis,
                                  .worker = handed[i]->worker[job->worker].name,
                                  .first = job->first,
                                  .last = job->last};
        }
    qsort(line, lines, sizeof *line, by_place);
    *ret_lines = lines;
    return line;
}

/* The lines from `at` of one worker and analysis; returns where the next begin. */
static size_t append_worker(const line_t *line, size_t lines, size_t at, pilot_text_t *json)
{
    const line_t *first = &line[at];
    pilot_text_append_json(json, first->worker, strlen(first->worker));
    pilot_text_append(json, ":\"");
    for (const char *comma = ""; at < lines && line[at].analysis == first->analysis &&
                                 strcmp(line[at].worker, first->worker) == 0;
         comma = ",") {
        uint32_t begin = line[at].first;
        uint64_t end = line[at].last;
        for (at++; at < lines && line[at].analysis == first->analysis &&
                   strcmp(line[at].worker, first->worker) == 0 && line[at].first <= end + 1;
             at++)
            if (line[at].last > end)
                end = line[at].last;
        pilot_text_appendf(json, "%s%" PRIu32, comma, begin);
        if (end > begin)
            pilot_text_appendf(json, "-%" PRIu64, end);
    }
    pilot_text_append_char(json, '"');
    return at;
}

void pilot_handed_json(const pilot_handed_t *const *handed, size_t count, uint64_t epoch,
                       pilot_text_t *json)
{
    size_t lines = 0;
    line_t *line PILOT_AUTOFREE = sort_lines(handed, count, &lines);
    pilot_text_append_char(json, '[');
    for (size_t at = 0; at < lines;) {
        uint64_t analysis = line[at].analysis;
        size_t jobs = 0;
        while (at + jobs < lines && line[at + jobs].analysis == analysis)
            jobs++;
        pilot_text_appendf(
            json, "%s{\"analysis\":%" PRIu64 ",\"epoch\":%" PRIu64 ",\"jobs\":%zu,\"workers\":{",
            at ? "," : "", analysis, epoch, jobs);
        for (size_t end = at + jobs, begin = at; at < end;) {
            pilot_text_append(json, at > begin ? "," : "");
            at = append_worker(line, end, at, json);
        }
        pilot_text_append(json, "}}");
    }
    pilot_text_append_char(json, ']');
}

/* disclosure_sites.h - small pilots for disclosure control: sites of one outcome with the same
 * count in control and treatment, released once or after other releases. */
#ifndef PILOT_DISCLOSURE_SITES_H
#define PILOT_DISCLOSURE_SITES_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/disclosure.h"
#include "pilot/memory.h"

static const pilot_disclosure_rule_t usual = {10, 5, PILOT_DISCLOSURE_MINIMUM_DF,
                                              PILOT_DISCLOSURE_DOMINANCE_SHARE};

/* One outcome, control and treatment with the same count. */
typedef struct site {
    const char *agency; /* NULL: pooled */
    int64_t submission;
    double n, low, high; /* n: all; low, high: of the two levels of "sex", 0: no such rows */
} site_t;

static inline pilot_disclosure_effect_t make_row(const char *agency, const char *level, double n)
{
    pilot_disclosure_effect_t row = {.key = {.agency = agency,
                                             .outcome = "score",
                                             .subgroup = level == NULL ? NULL : "sex",
                                             .level = level,
                                             .arm = "new",
                                             .control = "old",
                                             .estimand = "itt",
                                             .estimator = "difference_in_means"}};
    row.number[PILOT_EFFECT_N] = (pilot_number_in_t){2 * n, true};
    row.number[PILOT_EFFECT_N_ARM] = (pilot_number_in_t){n, true};
    row.number[PILOT_EFFECT_N_CONTROL] = (pilot_number_in_t){n, true};
    row.number[PILOT_EFFECT_CONTROL_MEAN] = (pilot_number_in_t){51.23456789, true};
    row.number[PILOT_EFFECT_CONTROL_STD_DEV] = (pilot_number_in_t){1.76456789, true};
    row.number[PILOT_EFFECT_ESTIMATE] = (pilot_number_in_t){1.23456789, true};
    row.number[PILOT_EFFECT_STD_ERROR] = (pilot_number_in_t){0.3456789, true};
    row.number[PILOT_EFFECT_DF] = (pilot_number_in_t){n < 6 ? 100 : 2 * n - 2, true};
    row.number[PILOT_EFFECT_P_VALUE] = (pilot_number_in_t){0.0003, true};
    return row;
}

static inline site_t pool(const site_t *site, size_t sites)
{
    site_t pooled = {0};
    for (size_t i = 0; i < sites; i++) {
        pooled.n += site[i].n;
        pooled.low += site[i].low;
        pooled.high += site[i].high;
    }
    return pooled;
}

static inline void add_site(pilot_disclosure_t *d, const site_t *site)
{
    pilot_disclosure_effect_t row = make_row(site->agency, NULL, site->n);
    pilot_disclosure_effect(d, &row, NULL);
    if (site->low + site->high == 0)
        return;
    row = make_row(site->agency, "low", site->low);
    pilot_disclosure_effect(d, &row, NULL);
    row = make_row(site->agency, "high", site->high);
    pilot_disclosure_effect(d, &row, NULL);
}

typedef struct past_release {
    void *memory;
    size_t size;
} past_release_t;

/* changed: the answer to every question; -1: none. */
static inline pilot_disclosure_t *disclose(const site_t *site, size_t sites,
                                           const past_release_t *past, size_t pasts,
                                           int64_t changed)
{
    pilot_disclosure_t *d = pilot_disclosure_new(&usual);
    for (size_t i = 0; i < pasts; i++)
        pilot_disclosure_remember(d, past[i].memory, past[i].size, NULL);
    for (size_t i = 0; i < sites; i++)
        pilot_disclosure_submission(d, site[i].agency, site[i].submission, NULL);
    pilot_disclosure_question_t question;
    for (size_t i = 0; changed >= 0 && pilot_disclosure_question(d, i, &question); i++)
        pilot_disclosure_changed(d, i, changed);
    for (size_t i = 0; i < sites; i++)
        add_site(d, &site[i]);
    site_t pooled = pool(site, sites);
    add_site(d, &pooled);
    pilot_disclosure_decide(d, NULL);
    return d;
}

static inline past_release_t remember(pilot_disclosure_t *d)
{
    past_release_t past;
    pilot_disclosure_memory(d, &past.memory, &past.size);
    pilot_disclosure_free(d);
    return past;
}

/* What is told of the row's n_arm: -1 suppressed. */
static inline double told(const pilot_disclosure_t *d, const char *agency, const char *level,
                          double n)
{
    pilot_released_t released[PILOT_EFFECT_NUMBERS];
    pilot_disclosure_effect_t row = make_row(agency, level, n);
    pilot_disclosure_release_effect(d, &row, released);
    return released[PILOT_EFFECT_N_ARM].mark == PILOT_MARK_SHOWN
               ? released[PILOT_EFFECT_N_ARM].value
               : -1;
}

static inline size_t count_told(const pilot_disclosure_t *d, const site_t *site, size_t sites)
{
    size_t count = 0;
    for (size_t i = 0; i < sites; i++)
        count += told(d, site[i].agency, NULL, site[i].n) >= 0;
    return count;
}

#endif

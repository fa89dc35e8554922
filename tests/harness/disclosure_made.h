/* disclosure_made.h - generated pilots of people, in a sequence of releases. */
#ifndef PILOT_DISCLOSURE_MADE_H
#define PILOT_DISCLOSURE_MADE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/disclosure.h"
#include "pilot/memory.h"

enum {
    ARMS_MAX = 3,
    VARIABLES = 2,
    LEVELS_MAX = 3,
    OUTCOMES = 3, /* continuous, binary, one that few have */
    BINARY = 1,
    KINDS = OUTCOMES + 2, /* base, those with each outcome, successes */
    SUCCESS = OUTCOMES + 1,
    CELLS = 1 + VARIABLES * (LEVELS_MAX + 1), /* whole; by variable: levels, then no level */
    RELEASES = 3,
    ENTITIES_MAX = 128
};

typedef struct person {
    int arm;
    int level[VARIABLES]; /* -1: missing */
    bool present[OUTCOMES];
    double value[OUTCOMES];
} person_t;

typedef struct made_submission {
    int agency;
    person_t *person;
    int people;
    int changed_from; /* index of the submission that it revises, or -1 */
    int changed;      /* units */
    int count[KINDS][ARMS_MAX][CELLS];
} made_submission_t;

typedef struct made_pilot {
    uint64_t state;
    int agencies, arms, levels[VARIABLES], minimum, round_to;
    double missing_level, present[OUTCOMES], rate;
    bool roomy; /* most agencies are large, and levels even: much is told */
    made_submission_t submission[ENTITIES_MAX];
    int submissions;
    int current[RELEASES][ENTITIES_MAX]; /* submission by agency, or -1 */
    int releases;
} made_pilot_t;

static inline double draw(made_pilot_t *p)
{
    p->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = p->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static inline int draw_below(made_pilot_t *p, int below)
{
    return (int)(draw(p) * below);
}

static inline int cell_of(int variable, int level)
{
    return 1 + variable * (LEVELS_MAX + 1) + (level < 0 ? LEVELS_MAX : level);
}

static inline person_t make_person(made_pilot_t *p)
{
    person_t person = {.arm = draw_below(p, p->arms)};
    for (int v = 0; v < VARIABLES; v++) {
        double u = p->roomy ? draw(p) : draw(p) * draw(p); /* later levels are rarer */
        person.level[v] = draw(p) < p->missing_level ? -1 : (int)(u * p->levels[v]);
    }
    for (int o = 0; o < OUTCOMES; o++) {
        person.present[o] = draw(p) < p->present[o];
        person.value[o] = o == BINARY ? draw(p) < p->rate : 10 * draw(p) + draw(p) * person.arm;
    }
    return person;
}

static inline void count_people(made_submission_t *s)
{
    memset(s->count, 0, sizeof s->count);
    for (int i = 0; i < s->people; i++) {
        const person_t *q = &s->person[i];
        int cells[1 + VARIABLES] = {0};
        for (int v = 0; v < VARIABLES; v++)
            cells[1 + v] = cell_of(v, q->level[v]);
        for (int c = 0; c <= VARIABLES; c++) {
            s->count[0][q->arm][cells[c]]++;
            for (int o = 0; o < OUTCOMES; o++)
                s->count[1 + o][q->arm][cells[c]] += q->present[o];
            s->count[SUCCESS][q->arm][cells[c]] += q->present[BINARY] && q->value[BINARY] == 1;
        }
    }
}

static inline int add_submission(made_pilot_t *p, int agency, int people, int revises, int changed)
{
    made_submission_t *s = &p->submission[p->submissions];
    *s = (made_submission_t){.agency = agency, .changed_from = revises, .changed = changed};
    s->person = PILOT_NEW_ARRAY(person_t, (size_t)people + 8);
    if (revises >= 0) {
        const made_submission_t *old = &p->submission[revises];
        s->people = old->people;
        memcpy(s->person, old->person, sizeof(person_t) * (size_t)old->people);
        for (int i = 0; i < changed && i < s->people; i++)
            s->person[i] = make_person(p);
        if (changed == 1 && s->people > 1 && draw(p) < 0.6)
            s->person[0] = s->person[--s->people]; /* with and without one person */
    } else {
        s->people = people;
        for (int i = 0; i < people; i++)
            s->person[i] = make_person(p);
    }
    count_people(s);
    return p->submissions++;
}

static inline int draw_size(made_pilot_t *p)
{
    double kind = draw(p);
    if (p->roomy)
        return kind < 0.1 ? 4 + draw_below(p, 60) : 150 + draw_below(p, 600);
    if (kind < 0.2)
        return 4 + draw_below(p, 40);
    return kind < 0.8 ? 60 + draw_below(p, 160) : 200 + draw_below(p, 400);
}

/* Releases after the first: some agencies revise a little or a lot, one may withdraw or join. */
static inline void make_next_release(made_pilot_t *p, int release)
{
    for (int a = 0; a < p->agencies; a++) {
        int before = p->current[release - 1][a];
        double event = draw(p);
        p->current[release][a] = before;
        if (before < 0)
            p->current[release][a] = event < 0.5 ? add_submission(p, a, draw_size(p), -1, 0) : -1;
        else if (event < 0.06)
            p->current[release][a] = -1;
        else if (event < 0.12)
            p->current[release][a] =
                add_submission(p, a, p->submission[before].people, before, 1 + draw_below(p, 3));
        else if (event < 0.18)
            p->current[release][a] =
                add_submission(p, a, p->submission[before].people, before,
                               10 + draw_below(p, 10 + p->submission[before].people / 2));
    }
}

/* releases: 1 to RELEASES.  Free with made_free. */
static inline made_pilot_t *made_new(uint64_t seed, int agencies, int releases)
{
    made_pilot_t *p = PILOT_NEW(made_pilot_t);
    p->state = seed * UINT64_C(0xD1342543DE82EF95) + 1;
    p->agencies = agencies > 0 ? agencies : 3 + draw_below(p, 14);
    p->roomy = draw(p) < 0.5;
    p->arms = 2 + draw_below(p, 2);
    p->minimum = draw(p) < 0.7 ? 10 : 5;
    p->round_to = draw(p) < 0.5 ? 5 : 1;
    p->missing_level = (double[]){0, 0.01, 0.1}[draw_below(p, 3)];
    p->rate = 0.03 + 0.9 * draw(p);
    if (p->roomy)
        p->rate = 0.2 + 0.6 * draw(p);
    p->present[0] = draw(p) < 0.3 ? 1 : 0.97;
    p->present[1] = draw(p) < 0.3 ? 1 : 0.9;
    p->present[2] = (p->roomy ? 0.4 : 0.1) + 0.5 * draw(p);
    p->releases = releases;
    for (int v = 0; v < VARIABLES; v++)
        p->levels[v] = 2 + draw_below(p, 2);
    bool alike = draw(p) < 0.3;
    for (int a = 0; a < p->agencies; a++) {
        bool late = releases > 1 && draw(p) < 0.1;
        p->current[0][a] = late ? -1 : add_submission(p, a, draw_size(p), -1, 0);
        if (!late && alike && p->levels[0] == p->levels[1]) {
            made_submission_t *s = &p->submission[p->current[0][a]];
            for (int i = 0; i < s->people; i++) /* two subgroups that differ by one */
                s->person[i].level[1] = i == 0 ? 0 : s->person[i].level[0];
            count_people(s);
        }
    }
    for (int r = 1; r < releases; r++)
        make_next_release(p, r);
    return p;
}

static inline void made_free(made_pilot_t *p)
{
    for (int s = 0; s < p->submissions; s++)
        free(p->submission[s].person);
    free(p);
}

/* True count of a place in a release. */
static inline int made_count(const made_pilot_t *p, int release, int place, int kind, int arm,
                             int cell)
{
    int sum = 0;
    for (int a = 0; a < p->agencies; a++)
        if ((a == place || place == p->agencies) && p->current[release][a] >= 0)
            sum += p->submission[p->current[release][a]].count[kind][arm][cell];
    return sum;
}

/* ---- its rows ----------------------------------------------------------------------------------
 */

typedef struct made_row {
    char agency[16], outcome[16], subgroup[16], level[16], arm[16];
    pilot_disclosure_effect_t effect;
} made_row_t;

static inline void made_moments(const made_pilot_t *p, int release, int place, int outcome, int arm,
                                int cell, double *ret_mean, double *ret_variance)
{
    double sum = 0, squares = 0;
    int n = 0;
    for (int a = 0; a < p->agencies; a++) {
        if ((a != place && place != p->agencies) || p->current[release][a] < 0)
            continue;
        const made_submission_t *s = &p->submission[p->current[release][a]];
        for (int i = 0; i < s->people; i++) {
            const person_t *q = &s->person[i];
            bool in = cell == 0;
            for (int v = 0; v < VARIABLES; v++)
                in |= q->level[v] >= 0 && cell == cell_of(v, q->level[v]);
            if (!in || q->arm != arm || !q->present[outcome])
                continue;
            sum += q->value[outcome];
            squares += q->value[outcome] * q->value[outcome];
            n++;
        }
    }
    *ret_mean = n > 0 ? sum / n : 0;
    *ret_variance = n > 1 ? (squares - sum * sum / n) / (n - 1) / n : 0;
}

static inline void made_row(const made_pilot_t *p, int release, int place, int outcome, int arm,
                            int cell, made_row_t *row)
{
    double mean[2], variance[2];
    int n[2] = {made_count(p, release, place, 1 + outcome, arm, cell),
                made_count(p, release, place, 1 + outcome, 0, cell)};
    made_moments(p, release, place, outcome, arm, cell, &mean[0], &variance[0]);
    made_moments(p, release, place, outcome, 0, cell, &mean[1], &variance[1]);
    *row = (made_row_t){0};
    if (place < p->agencies)
        snprintf(row->agency, sizeof row->agency, "a%03d", place);
    snprintf(row->outcome, sizeof row->outcome, "y%d", outcome);
    snprintf(row->arm, sizeof row->arm, "t%d", arm);
    if (cell > 0) {
        snprintf(row->subgroup, sizeof row->subgroup, "v%d", (cell - 1) / (LEVELS_MAX + 1));
        snprintf(row->level, sizeof row->level, "l%d", (cell - 1) % (LEVELS_MAX + 1));
    }
    row->effect = (pilot_disclosure_effect_t){.key = {.agency = row->agency,
                                                      .outcome = row->outcome,
                                                      .subgroup = row->subgroup,
                                                      .level = row->level,
                                                      .arm = row->arm,
                                                      .control = "t0",
                                                      .estimand = "itt",
                                                      .estimator = "difference_in_means"},
                                              .share = outcome == BINARY};
    pilot_number_in_t *number = row->effect.number;
    number[PILOT_EFFECT_N] = (pilot_number_in_t){n[0] + n[1], true};
    number[PILOT_EFFECT_N_ARM] = (pilot_number_in_t){n[0], true};
    number[PILOT_EFFECT_N_CONTROL] = (pilot_number_in_t){n[1], true};
    if (n[1] > 0)
        number[PILOT_EFFECT_CONTROL_MEAN] = (pilot_number_in_t){mean[1], true};
    if (n[0] == 0 || n[1] == 0)
        return;
    number[PILOT_EFFECT_ESTIMATE] = (pilot_number_in_t){mean[0] - mean[1], true};
    if (n[0] > 1 && n[1] > 1) {
        double error = sqrt(variance[0] + variance[1]);
        number[PILOT_EFFECT_STD_ERROR] = (pilot_number_in_t){error, true};
        number[PILOT_EFFECT_DF] = (pilot_number_in_t){n[0] + n[1] - 2, true};
        number[PILOT_EFFECT_CI_LOW] = (pilot_number_in_t){mean[0] - mean[1] - 2 * error, true};
    }
}

#endif

/* disclosure_told.h - a generated pilot's releases through disclosure control: what each tells of
 * every count, as the range that its true value lies in. */
#ifndef PILOT_DISCLOSURE_TOLD_H
#define PILOT_DISCLOSURE_TOLD_H

#include "disclosure_made.h"

/* What is told of one number: its true value lies in [low, high]. */
typedef struct told {
    double low, high;
    bool given;
} told_t;

/* What one release tells: place = agency, or `agencies` for pooled. */
typedef struct made_release {
    told_t count[ENTITIES_MAX + 1][OUTCOMES + 1][ARMS_MAX][CELLS];
    told_t mean[ENTITIES_MAX + 1][ARMS_MAX][CELLS];    /* share of successes */
    told_t lack[ENTITIES_MAX + 1][OUTCOMES][ARMS_MAX]; /* share that lacks the outcome */
    size_t rows, shown, whole_rows, whole_shown, pooled_rows, pooled_shown, level_rows, level_shown;
} made_release_t;

static inline told_t told_count(const made_pilot_t *p, pilot_released_t released, int slack)
{
    if (released.mark != PILOT_MARK_SHOWN)
        return (told_t){0};
    double low = released.value - p->round_to / 2;
    return (told_t){.low = low - slack, .high = low + p->round_to - 1, .given = true};
}

/* The unit that shares among n people are rounded to, as docs/methods/disclosure.md has it. */
static inline double told_unit(const made_pilot_t *p, int n)
{
    double least = p->round_to < n ? (double)p->round_to / n : 1, unit = 1;
    for (double decade = 1; decade > 1e-9; decade /= 10)
        for (int i = 0; i < 3; i++)
            if ((double[]){10, 5, 2}[i] * decade / 10 >= least - 1e-12)
                unit = (double[]){10, 5, 2}[i] * decade / 10;
    return unit;
}

/* Places' true everybody is known to the engine as the most that any outcome has, save for whole
 * samples. */
static inline int made_everybody(const made_pilot_t *p, int release, int place, int arm, int cell)
{
    int most = cell == 0 ? made_count(p, release, place, 0, arm, 0) : 0;
    for (int o = 0; o < OUTCOMES; o++) {
        int n = made_count(p, release, place, 1 + o, arm, cell);
        most = n > most ? n : most;
    }
    return most;
}

static inline double unit_of_error(double error)
{
    return pow(10, floor(log10(error) + 1e-12) - 1);
}

static inline void tell_row(const made_pilot_t *p, int release, int place, int outcome, int arm,
                            int cell, const made_row_t *row,
                            const pilot_released_t released[PILOT_EFFECT_NUMBERS],
                            made_release_t *told)
{
    static const enum pilot_effect_number numbers[2] = {PILOT_EFFECT_N_ARM, PILOT_EFFECT_N_CONTROL};
    for (int side = 0; side < 2; side++) {
        int z = side == 0 ? arm : 0;
        int own = made_count(p, release, place, 1 + outcome, z, cell);
        int all = made_everybody(p, release, place, z, cell);
        pilot_released_t n = released[numbers[side]];
        /* Where the number could be everybody's instead, up to minimum - 1 fewer have the outcome.
         */
        double rounded = (double)((all + p->round_to / 2) / p->round_to * p->round_to);
        bool complete = outcome == 0 && p->present[0] == 1; /* as everybody knows */
        bool ambiguous = n.value == rounded && all - own < p->minimum && !complete;
        told->count[place][1 + outcome][z][cell] = told_count(p, n, ambiguous ? p->minimum - 1 : 0);
    }
    const pilot_released_t *mean = &released[PILOT_EFFECT_CONTROL_MEAN];
    const pilot_released_t *estimate = &released[PILOT_EFFECT_ESTIMATE];
    if (outcome != BINARY || mean->mark == PILOT_MARK_SUPPRESSED ||
        mean->mark == PILOT_MARK_NOT_APPLICABLE)
        return;
    double unit = told_unit(p, made_everybody(p, release, place, 0, cell));
    told->mean[place][0][cell] = (told_t){mean->value - unit / 2, mean->value + unit / 2, true};
    if (estimate->mark == PILOT_MARK_SUPPRESSED || estimate->mark == PILOT_MARK_NOT_APPLICABLE)
        return;
    double arm_unit = told_unit(p, made_everybody(p, release, place, arm, cell));
    double half = unit_of_error(row->effect.number[PILOT_EFFECT_STD_ERROR].value);
    half = fmax(half, fmax(unit, arm_unit)) / 2 + unit / 2;
    double share = mean->value + estimate->value;
    told->mean[place][arm][cell] = (told_t){share - half, share + half, true};
}

static inline void count_row(int place, int agencies, int cell, bool shown, made_release_t *told)
{
    told->rows++;
    told->shown += shown;
    if (place == agencies) {
        told->pooled_rows++;
        told->pooled_shown += shown;
    } else if (cell == 0) {
        told->whole_rows++;
        told->whole_shown += shown;
    } else {
        told->level_rows++;
        told->level_shown += shown;
    }
}

typedef void made_visit_t(const made_pilot_t *p, int release, int place, int outcome, int arm,
                          int cell, pilot_disclosure_t *d, made_release_t *told);

static inline void visit_rows(const made_pilot_t *p, int release, pilot_disclosure_t *d,
                              made_release_t *told, made_visit_t *visit)
{
    for (int place = 0; place <= p->agencies; place++) {
        if (place < p->agencies && p->current[release][place] < 0)
            continue;
        for (int o = 0; o < OUTCOMES; o++)
            for (int arm = 1; arm < p->arms; arm++)
                for (int cell = 0; cell < CELLS; cell++) {
                    int v = (cell - 1) / (LEVELS_MAX + 1), level = (cell - 1) % (LEVELS_MAX + 1);
                    if (cell == 0 || level < p->levels[v])
                        visit(p, release, place, o, arm, cell, d, told);
                }
    }
}

static inline void visit_in(const made_pilot_t *p, int release, int place, int outcome, int arm,
                            int cell, pilot_disclosure_t *d, made_release_t *told)
{
    made_row_t row;
    (void)told;
    made_row(p, release, place, outcome, arm, cell, &row);
    pilot_error_t error = {0};
    if (pilot_disclosure_effect(d, &row.effect, &error) != PILOT_OK)
        printf("Bail out! %s\n", error.message);
}

static inline void visit_out(const made_pilot_t *p, int release, int place, int outcome, int arm,
                             int cell, pilot_disclosure_t *d, made_release_t *told)
{
    made_row_t row;
    pilot_released_t released[PILOT_EFFECT_NUMBERS];
    made_row(p, release, place, outcome, arm, cell, &row);
    pilot_disclosure_release_effect(d, &row.effect, released);
    tell_row(p, release, place, outcome, arm, cell, &row, released, told);
    pilot_mark_t mark = released[PILOT_EFFECT_ESTIMATE].mark;
    count_row(place, p->agencies, cell, mark == PILOT_MARK_SHOWN || mark == PILOT_MARK_LOW, told);
}

static inline void tell_checks(const made_pilot_t *p, int release, const pilot_disclosure_t *d,
                               made_release_t *told)
{
    for (int place = 0; place <= p->agencies; place++) {
        char agency[16] = "";
        if (place < p->agencies)
            snprintf(agency, sizeof agency, "a%03d", place);
        if (place < p->agencies && p->current[release][place] < 0)
            continue;
        for (int arm = 0; arm < p->arms; arm++) {
            char name[16];
            pilot_released_t out[PILOT_QUALITY_NUMBERS];
            snprintf(name, sizeof name, "t%d", arm);
            int all = made_count(p, release, place, 0, arm, 0);
            pilot_number_in_t number[PILOT_QUALITY_NUMBERS] = {{all, true}};
            pilot_disclosure_release_quality(d, agency, "count", name, NULL, number, out);
            told->count[place][0][arm][0] = told_count(p, out[0], 0);
            for (int o = 0; o < OUTCOMES && all > 0; o++) {
                char outcome[16];
                snprintf(outcome, sizeof outcome, "y%d", o);
                int have = made_count(p, release, place, 1 + o, arm, 0);
                number[0].value = (double)(all - have) / all;
                pilot_disclosure_release_quality(d, agency, "attrition", name, outcome, number,
                                                 out);
                double unit = told_unit(p, all);
                if (out[0].mark == PILOT_MARK_SHOWN || out[0].mark == PILOT_MARK_LOW)
                    told->lack[place][o][arm] =
                        (told_t){out[0].value - unit / 2, out[0].value + unit / 2, true};
            }
        }
    }
}

/* What a naive rule tells: every count that is not itself below the minimum. */
static inline void tell_naively(const made_pilot_t *p, int release, made_release_t *told)
{
    for (int place = 0; place <= p->agencies; place++)
        for (int kind = 0; kind <= OUTCOMES; kind++)
            for (int arm = 0; arm < p->arms; arm++)
                for (int cell = 0; cell < CELLS; cell++) {
                    int n = made_count(p, release, place, kind, arm, cell);
                    int rounded = (n + p->round_to / 2) / p->round_to * p->round_to;
                    bool listed = cell == 0 || (cell - 1) % (LEVELS_MAX + 1) < LEVELS_MAX;
                    if (listed && (n == 0 || n >= p->minimum))
                        told->count[place][kind][arm][cell] =
                            told_count(p, (pilot_released_t){.value = rounded}, 0);
                }
}

/* Release number `release`; memories of those before in, its own out (caller frees).  The decided
 * disclosure; caller frees. */
static inline pilot_disclosure_t *made_disclose(const made_pilot_t *p, int release, void **memory,
                                                size_t *size)
{
    pilot_disclosure_rule_t rule = {p->minimum, p->round_to, PILOT_DISCLOSURE_MINIMUM_DF,
                                    PILOT_DISCLOSURE_DOMINANCE_SHARE};
    pilot_disclosure_t *d = pilot_disclosure_new(&rule);
    pilot_error_t error = {0};
    bool fine = true;
    for (int r = 0; r < release; r++)
        fine &= pilot_disclosure_remember(d, memory[r], size[r], &error) == PILOT_OK;
    for (int a = 0; a < p->agencies; a++) {
        char agency[16];
        snprintf(agency, sizeof agency, "a%03d", a);
        if (p->current[release][a] >= 0)
            fine &= pilot_disclosure_submission(d, agency, 1 + p->current[release][a], &error) ==
                    PILOT_OK;
    }
    pilot_disclosure_question_t question;
    for (size_t i = 0; pilot_disclosure_question(d, i, &question); i++) {
        const made_submission_t *now = &p->submission[question.now - 1];
        if (now->changed_from == question.before - 1)
            pilot_disclosure_changed(d, i, now->changed);
        else if (now->changed_from < 0)
            pilot_disclosure_changed(d, i, now->people);
    }
    visit_rows(p, release, d, NULL, visit_in);
    for (int place = 0; place <= p->agencies; place++)
        for (int arm = 0; arm < p->arms; arm++) {
            char agency[16] = "", name[16];
            if (place < p->agencies)
                snprintf(agency, sizeof agency, "a%03d", place);
            snprintf(name, sizeof name, "t%d", arm);
            if (place == p->agencies || p->current[release][place] >= 0)
                fine &= pilot_disclosure_arm_count(d, agency, name,
                                                   made_count(p, release, place, 0, arm, 0),
                                                   &error) == PILOT_OK;
        }
    fine &= pilot_disclosure_decide(d, &error) == PILOT_OK;
    if (!fine)
        printf("Bail out! %s\n", error.message);
    pilot_disclosure_memory(d, &memory[release], &size[release]);
    return d;
}

#endif

/* disclosure_attack.h - everything that releases tell of one arm as one linear program, and what it
 * says of a count: the attacker of the disclosure tests. */
#ifndef PILOT_DISCLOSURE_ATTACK_H
#define PILOT_DISCLOSURE_ATTACK_H

#include <glpk.h>

#include "disclosure_told.h"

typedef struct attack {
    const made_pilot_t *pilot;
    int arm;
    glp_prob *lp;
    bool is_loud;  /* tell of each failure */
    size_t cells;  /* attacked */
    size_t failed; /* promise not held */
    size_t exact;  /* recovered exactly */
    double worst;  /* narrowest range, as a share of what is promised */
} attack_t;

static inline int attack_column(int entity, int kind, int cell)
{
    return 1 + (entity * KINDS + kind) * CELLS + cell;
}

static inline int pooled_column(const made_pilot_t *p, int release, int kind, int cell)
{
    return attack_column(p->submissions + release, kind, cell);
}

/* low <= sum of coefficient x column <= high; HUGE_VAL: no bound. */
static inline void constrain(attack_t *a, int terms, const int *column, const double *coefficient,
                             double low, double high)
{
    int row = glp_add_rows(a->lp, 1);
    bool below = low > -HUGE_VAL, above = high < HUGE_VAL;
    int type = below && above ? (low == high ? GLP_FX : GLP_DB) : below ? GLP_LO : GLP_UP;
    glp_set_row_bnds(a->lp, row, type, below ? low : 0, above ? high : 0);
    int index[ENTITIES_MAX + 2]; /* GLPK counts from 1 */
    double value[ENTITIES_MAX + 2];
    for (int i = 0; i < terms; i++) {
        index[i + 1] = column[i];
        value[i + 1] = coefficient[i];
    }
    glp_set_mat_row(a->lp, row, terms, index, value);
}

static inline bool is_cell(const made_pilot_t *p, int cell)
{
    int v = (cell - 1) / (LEVELS_MAX + 1), level = (cell - 1) % (LEVELS_MAX + 1);
    return cell == 0 || level == LEVELS_MAX || level < p->levels[v];
}

/* What everybody knows: parts add up, and are parts. */
static inline void constrain_entity(attack_t *a, int entity)
{
    const made_pilot_t *p = a->pilot;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int v = 0; v < VARIABLES; v++) {
            int column[LEVELS_MAX + 2] = {attack_column(entity, kind, 0)};
            double coefficient[LEVELS_MAX + 2] = {-1};
            int terms = 1;
            for (int level = 0; level <= LEVELS_MAX; level++) {
                int cell = cell_of(v, level);
                if (!is_cell(p, cell))
                    continue;
                column[terms] = attack_column(entity, kind, cell);
                coefficient[terms++] = 1;
            }
            constrain(a, terms, column, coefficient, 0, 0);
        }
        int part_of = kind == 0 ? -1 : kind == SUCCESS ? 1 + BINARY : 0;
        for (int cell = 0; cell < CELLS && part_of >= 0; cell++)
            if (is_cell(p, cell))
                constrain(a, 2,
                          (int[]){attack_column(entity, kind, cell),
                                  attack_column(entity, part_of, cell)},
                          (double[]){-1, 1}, 0, HUGE_VAL);
    }
}

/* Everybody has the first outcome, and that is known. */
static inline void constrain_complete(attack_t *a, int entity)
{
    for (int cell = 0; cell < CELLS; cell++)
        if (is_cell(a->pilot, cell))
            constrain(a, 2, (int[]){attack_column(entity, 0, cell), attack_column(entity, 1, cell)},
                      (double[]){1, -1}, 0, 0);
}

static inline void constrain_pooled(attack_t *a, int release)
{
    const made_pilot_t *p = a->pilot;
    for (int kind = 0; kind < KINDS; kind++)
        for (int cell = 0; cell < CELLS; cell++) {
            int column[ENTITIES_MAX + 1] = {pooled_column(p, release, kind, cell)};
            double coefficient[ENTITIES_MAX + 1] = {-1};
            int terms = 1;
            for (int agency = 0; agency < p->agencies; agency++) {
                if (p->current[release][agency] < 0)
                    continue;
                column[terms] = attack_column(p->current[release][agency], kind, cell);
                coefficient[terms++] = 1;
            }
            constrain(a, terms, column, coefficient, 0, 0);
        }
}

/* low x whole <= part <= high x whole. */
static inline void constrain_share(attack_t *a, const told_t *told, int part, int whole)
{
    if (!told->given)
        return;
    constrain(a, 2, (int[]){part, whole}, (double[]){1, -told->low}, -1e-9, HUGE_VAL);
    constrain(a, 2, (int[]){part, whole}, (double[]){1, -told->high}, -HUGE_VAL, 1e-9);
}

static inline void constrain_release(attack_t *a, int release, const made_release_t *told)
{
    const made_pilot_t *p = a->pilot;
    for (int place = 0; place <= p->agencies; place++) {
        if (place < p->agencies && p->current[release][place] < 0)
            continue;
        int entity = place == p->agencies ? p->submissions + release : p->current[release][place];
        for (int cell = 0; cell < CELLS; cell++) {
            for (int kind = 0; kind <= OUTCOMES; kind++) {
                const told_t *count = &told->count[place][kind][a->arm][cell];
                if (count->given)
                    constrain(a, 1, (int[]){attack_column(entity, kind, cell)}, (double[]){1},
                              count->low, count->high);
            }
            constrain_share(a, &told->mean[place][a->arm][cell],
                            attack_column(entity, SUCCESS, cell),
                            attack_column(entity, 1 + BINARY, cell));
        }
        for (int o = 0; o < OUTCOMES; o++) {
            const told_t *lack = &told->lack[place][o][a->arm];
            told_t have = {1 - lack->high, 1 - lack->low, lack->given};
            constrain_share(a, &have, attack_column(entity, 1 + o, 0), attack_column(entity, 0, 0));
        }
    }
}

static inline attack_t attack_begin(const made_pilot_t *p, int arm, const made_release_t *told)
{
    attack_t a = {.pilot = p, .arm = arm, .lp = glp_create_prob(), .worst = HUGE_VAL};
    glp_term_out(GLP_OFF);
    int columns = (p->submissions + p->releases) * KINDS * CELLS;
    glp_add_cols(a.lp, columns);
    for (int i = 1; i <= columns; i++)
        glp_set_col_bnds(a.lp, i, GLP_LO, 0, 0);
    for (int e = 0; e < p->submissions; e++) {
        constrain_entity(&a, e);
        if (p->present[0] == 1)
            constrain_complete(&a, e);
    }
    for (int r = 0; r < p->releases; r++) {
        constrain_pooled(&a, r);
        constrain_release(&a, r, &told[r]);
    }
    glp_adv_basis(a.lp, 0);
    return a;
}

static inline void attack_end(attack_t *a)
{
    glp_delete_prob(a->lp);
}

/* The agency that made this submission attacks too: it knows its own counts (or no longer). */
static inline void attack_inside(attack_t *a, int entity, bool knows)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int cell = 0; cell < CELLS; cell++) {
            double count = a->pilot->submission[entity].count[kind][a->arm][cell];
            glp_set_col_bnds(a->lp, attack_column(entity, kind, cell), knows ? GLP_FX : GLP_LO,
                             knows ? count : 0, 0);
        }
}

/* The least (direction 1) or most (-1) that sum coefficient x column can be. */
static inline double attack_bound(attack_t *a, int terms, const int *column,
                                  const double *coefficient, int direction)
{
    for (int i = 0; i < terms; i++)
        glp_set_obj_coef(a->lp, column[i], coefficient[i]);
    glp_set_obj_dir(a->lp, direction > 0 ? GLP_MIN : GLP_MAX);
    glp_smcp control;
    glp_init_smcp(&control);
    control.msg_lev = GLP_MSG_OFF;
    int failure = glp_simplex(a->lp, &control);
    int status = glp_get_status(a->lp);
    double bound = glp_get_obj_val(a->lp);
    if (failure != 0 || (status != GLP_OPT && status != GLP_UNBND)) {
        printf("# no solution: %d %d\n", failure, status);
        bound = NAN;
    }
    if (status == GLP_UNBND)
        bound = direction > 0 ? -HUGE_VAL : HUGE_VAL;
    for (int i = 0; i < terms; i++)
        glp_set_obj_coef(a->lp, column[i], 0);
    return bound;
}

/* Attack a sensitive number of true value `truth`: the values that are left must hold
 * [1, minimum - 1].  Returns whether they do. */
static inline bool attack_number(attack_t *a, int terms, const int *column,
                                 const double *coefficient, double truth, const char *what)
{
    double most_wanted = a->pilot->minimum - 1;
    double low = attack_bound(a, terms, column, coefficient, 1);
    double high = attack_bound(a, terms, column, coefficient, -1);
    bool holds = low <= 1 + 1e-6 && high >= most_wanted - 1e-6;
    a->cells++;
    a->exact += high - low < 0.5;
    a->worst = fmin(a->worst, (high - low) / most_wanted);
    if (!holds) {
        a->failed++;
        if (a->is_loud)
            printf("# %s: %g lies in [%g, %g]\n", what, truth, low, high);
    }
    return holds;
}

#endif

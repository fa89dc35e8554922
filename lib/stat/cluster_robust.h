/* cluster_robust.h - CR0 to CR3 and Satterthwaite's degrees of freedom without a matrix of rows:
 * what each cluster adds to the sums, and what follows from them.
 *
 * The design of a fit is Q = [block indicators | columns times R^-1], scaled by root weight.  With
 * unequal weights CR2 lives in twice the dimensions ("halves"): F = [U, W U], U = Q / root weight.
 * Bell & McCaffrey (2002); Pustejovsky & Tipton (2018); docs/methods/least-squares.md */
#ifndef PILOT_STAT_CLUSTER_ROBUST_H
#define PILOT_STAT_CLUSTER_ROBUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compensated.h"
#include "ols_arena.h"
#include "ols_fit.h"

/* Of a contrast: sums of a, q, a^2, a q over clusters; influence lost in directions that have no
 * residual; and |M|^2, or the trace of (TM)^2, as far as block indicators alone enter it. */
enum {
    PILOT_CLUSTER_A,
    PILOT_CLUSTER_Q,
    PILOT_CLUSTER_AA,
    PILOT_CLUSTER_AQ,
    PILOT_CLUSTER_LOST,
    PILOT_CLUSTER_NORM,
    PILOT_CLUSTER_SCALARS
};

/* Additive over agencies; contrasts = treatment arms with a column, ascending. */
typedef struct pilot_cluster_sums {
    size_t contrasts, halves, rank;
    double *scalar; /* contrasts x PILOT_CLUSTER_SCALARS */
    double *m;      /* contrasts x side x side, side = halves x rank: M over the columns */
    double *cross;  /* contrasts x side x rank (two halves only): sum of M_xj T_jx, upper half */
    double *edge;   /* contrasts x rank x rank (two halves only): sum of T_xj M_jj T_jx */
} pilot_cluster_sums_t;

/* M between block indicators, and between them and the columns: of one block where every cluster
 * lies in one, else of all blocks, for clusters may tie them together. */
typedef struct pilot_component {
    size_t blocks;
    double *dd; /* contrasts x (halves blocks) x (halves blocks); row = half x blocks + block */
    double *dx; /* contrasts x (halves blocks) x side */
    /* Two halves: a block's Omega with itself, then with the columns; blocks x (1 + rank). */
    const double *omega;
    double *scratch[4]; /* two halves: 2 of (halves blocks)^2, 2 of (halves blocks) x side */
} pilot_component_t;

/* One cluster in K x K algebra: sums over its rows of u u', u = columns of Q (less root weight),
 * then the indicators of the blocks that it lies in. */
typedef struct pilot_cluster_gram {
    const char *cluster;                /* its label where it spans agencies, else NULL */
    size_t unit;                        /* its code in the frame */
    size_t blocks, most_blocks, stride; /* stride = rank + most_blocks */
    size_t *block;                      /* their numbers in the component */
    double *weighted;                   /* of w u u'; upper triangle */
    double *plain, *squared;            /* two halves: of u u' and of w^2 u u' */
    double *score;                      /* outcomes x stride: of w u e */
    double *plain_score;                /* two halves: of u e */
} pilot_cluster_gram_t;

/* Where scores go, if anybody wants them. */
typedef struct pilot_score_sink {
    bool classical; /* see pilot_ols_task_t */
    size_t units, contrasts;
    const size_t *column; /* contrasts: place among the kept columns, or SIZE_MAX */
    double **value;       /* by outcome: contrasts x units, all 0 before */
} pilot_score_sink_t;

struct pilot_cluster_space;

typedef struct pilot_cluster_work {
    const pilot_fit_t *fit;
    size_t outcomes, contrasts, halves, rank;
    /* Contrasts of the sink that are not treatment arms: behind the others, for scores alone. */
    size_t extras;
    const pilot_score_sink_t *sink; /* or NULL */
    size_t *place;                  /* contrasts + extras: in the sink */
    size_t unit;                    /* code of the cluster at hand */
    double *l;                      /* contrasts + extras x rank: rows of R^-1 */
    compensated_t *meat;            /* outcomes x contrasts */
    compensated_t *plain_meat;      /* the same, of CR0 */
    compensated_t *scalar;          /* contrasts x PILOT_CLUSTER_SCALARS */
    pilot_cluster_sums_t sums;
    double *recent; /* as sums.m: of the last clusters, added to it now and then */
    size_t recents;
    /* The current run of rows. */
    size_t room, rows;
    double *u, *w, *e; /* room x (rank + 1), room, room x outcomes */
    bool spilled;      /* there were more than room: all are in run */
    pilot_cluster_gram_t run;
    /* Scratch of one cluster; sizes in pilot_cluster_begin. */
    double *matrix, *value, *vector, *t, *r, *z, *omega_z;
    struct pilot_cluster_space *space;
} pilot_cluster_work_t;

void pilot_cluster_begin(pilot_cluster_work_t *work, const pilot_fit_t *fit, size_t outcomes,
                         const pilot_score_sink_t *sink, pilot_arena_t *arena);

/* A run: rows of one cluster in one block.  x: the row's columns of Q, then residuals, `stride`
 * apart.  root_share: 1 / root of the block's weight. */
void pilot_cluster_add_row(pilot_cluster_work_t *work, const double *x, size_t stride, double w,
                           double root_share);
/* The run is the whole cluster: add it to the sums. */
void pilot_cluster_end_run(pilot_cluster_work_t *work, pilot_component_t *component, size_t block,
                           pilot_arena_t *arena);
/* The run is a part of a cluster: add it to the gram, as of block number `block`. */
void pilot_cluster_end_part(pilot_cluster_work_t *work, size_t block, pilot_cluster_gram_t *gram);

void pilot_cluster_gram_init(const pilot_cluster_work_t *work, size_t most_blocks,
                             pilot_arena_t *arena, pilot_cluster_gram_t *ret);
/* Add `from` to `gram`; blocks are matched by number. */
void pilot_cluster_gram_add(const pilot_cluster_work_t *work, pilot_cluster_gram_t *gram,
                            const pilot_cluster_gram_t *from);
/* A whole cluster from its gram. */
void pilot_cluster_add_gram(pilot_cluster_work_t *work, const pilot_cluster_gram_t *gram,
                            pilot_component_t *component, pilot_arena_t *arena);

void pilot_component_init(const pilot_cluster_work_t *work, size_t blocks, pilot_arena_t *arena,
                          pilot_component_t *ret);
/* Add what the component's indicators give to the norm; it is zero afterwards. */
void pilot_component_close(pilot_cluster_work_t *work, pilot_component_t *component);

/* Everything into sums and meat (what recent clusters and compensated sums hold). */
void pilot_cluster_finish(pilot_cluster_work_t *work);

/* ---- inside ---- */

/* Weight of an eigendirection of I - H: its inverse root (CR2) or inverse (CR3), 1 (CR0, CR1), or 0
 * where nothing is left. */
double pilot_cluster_factor(const pilot_cluster_work_t *work, double rest);
#define PILOT_CLUSTER_ROOM 1e-12

/* The cluster's score and its CR0 score for one outcome and contrast. */
void pilot_cluster_add_score(pilot_cluster_work_t *work, size_t outcome, size_t contrast,
                             double score, double plain);

typedef struct pilot_cluster_result {
    double a, q, lost;
    const double *z; /* halves x (rank + blocks) */
} pilot_cluster_result_t;
/* Add one cluster's numbers for one contrast. */
void pilot_cluster_add_result(pilot_cluster_work_t *work, size_t contrast,
                              const pilot_cluster_result_t *result, size_t blocks,
                              const size_t *block, pilot_component_t *component);
/* q = z'Tz with two halves, z'z with one; block: numbers in the component. */
double pilot_cluster_square(const pilot_cluster_work_t *work, const double *z, size_t blocks,
                            const size_t *block, const pilot_component_t *component);
/* Omega z: rank + blocks entries. */
void pilot_cluster_omega(const pilot_cluster_work_t *work, const double *z, size_t blocks,
                         const size_t *block, const pilot_component_t *component, double *ret);
void pilot_cluster_rows(pilot_cluster_work_t *work, pilot_component_t *component, size_t block);

/* ---- from sums over all agencies ---- */

/* Satterthwaite's df of a contrast; <= 0 when there is none. */
double pilot_cluster_df(const pilot_cluster_sums_t *sums, const pilot_fit_t *fit, size_t contrast,
                        pilot_arena_t *arena);
/* Share of the contrast's squared influence for which no residual speaks. */
double pilot_cluster_lost(const pilot_cluster_sums_t *sums, const pilot_fit_t *fit, size_t arm,
                          size_t contrast);

#endif

/* balance_summary.h - what balance checks keep of one agency's rows: sums that add up over blocks
 * and agencies.
 *
 * For a contrast, in a block with treated share p (by weight), z~ = z - p and x~ = x less the
 * block's mean over both arms, 0 where x is missing.  Of a unit s (row, or cluster in a block):
 * A_s = sum w z~ x~ by column, B_s = sum w z~^2, C_s = sum w^2 z~^2, m_s = sum w; M is the block's
 * sum of w.  docs/methods/quality.md has the formulas. */
#ifndef PILOT_STAT_BALANCE_SUMMARY_H
#define PILOT_STAT_BALANCE_SUMMARY_H

#include "pilot/balance.h"

/* With more columns than this there is no joint test: its sums grow with the square. */
#define BALANCE_JOINT_COLUMNS 128

typedef struct balance_covariate {
    bool category, binary;
    size_t first, columns; /* 1, or one for each level */
    char **label;          /* columns, bytewise ascending; NULL: a number */
} balance_covariate_t;

/* Of one arm, over rows that have the covariate. */
typedef struct balance_moment {
    uint64_t rows, missing;
    double weight, squares; /* sum of w, of w^2 */
} balance_moment_t;

/* Of one arm and column. */
typedef struct balance_spread {
    double mean, deviation; /* deviation: sum of w (x - mean)^2 */
} balance_spread_t;

enum { BALANCE_CONTROL, BALANCE_TREATED, BALANCE_SIDES };

/* Sums over one side's units in blocks that have both arms. */
typedef struct balance_side {
    double units;
    double b, bb;         /* B, B^2 */
    double c, cc, cb, cm; /* C, C^2, C B, C m/M */
} balance_side_t;

/* Missing outcomes: score of arm x covariate, see balance_attrition.c. */
typedef struct balance_score {
    double *sum;    /* columns; NULL: nothing was missing */
    double *square; /* packed columns x columns */
    double units, blocks;
} balance_score_t;

typedef struct balance_contrast {
    uint64_t blocks;
    double log_assignments; /* log of how many assignments the blocks allow */
    balance_side_t side[BALANCE_SIDES];
    double *precision;             /* covariates: B among rows that have the covariate */
    double *sum;                   /* columns: sum of A */
    double *cross[BALANCE_SIDES];  /* columns: sum of A B */
    double *square[BALANCE_SIDES]; /* packed: sum of A A' */
    double *memory;                /* all of these */
    balance_score_t *score;        /* outcomes */
} balance_contrast_t;

/* A unit's, or a cluster's part in one agency: totals about the center of each covariate. */
typedef struct balance_units {
    size_t covariates, columns;
    size_t count, capacity;
    uint16_t *arm;
    double *weight, *squares; /* sum of w, of w^2 */
    double *given;            /* x covariates: sum of w over rows that have it */
    double *total;            /* x columns: sum of w (x - center) over these */
} balance_units_t;

/* A unit of level across. */
typedef struct balance_part {
    char *block, *cluster;
    uint16_t arm;
    double *number; /* weight, squares, given by covariate, mean by column */
} balance_part_t;

struct pilot_balance {
    size_t arms, outcomes, covariates, columns;
    bool across, joint; /* joint: squares are matrices; else diagonals */
    balance_covariate_t *covariate;
    balance_moment_t *moment;     /* arms x covariates */
    balance_spread_t *spread;     /* arms x columns */
    balance_contrast_t *contrast; /* arms, [0] unused */
    balance_part_t *part;         /* across, before merging */
    size_t parts, part_capacity;
};

/* Covariates' kinds and labels are set by the caller (labels then owned by the summary), who goes
 * on with balance_open. */
pilot_balance_t *balance_new(size_t arms, size_t outcomes, size_t covariates);
void balance_open(pilot_balance_t *balance);
/* Numbers of balance_contrast_t.memory, and of a packed square. */
size_t balance_numbers(const pilot_balance_t *balance);
size_t balance_square(const pilot_balance_t *balance);
/* Room for the score of an outcome. */
void balance_score_open(const pilot_balance_t *balance, balance_score_t *score);
/* Labels are copied; number: 2 + covariates + columns, copied. */
void balance_add_part(pilot_balance_t *balance, const char *block, size_t block_length,
                      const char *cluster, size_t cluster_length, uint16_t arm,
                      const double *number);

/* capacity: a first guess. */
void balance_units_init(balance_units_t *units, const pilot_balance_t *balance, size_t capacity);
void balance_units_clear(balance_units_t *units);
/* A new unit of zeros at the end; its index. */
size_t balance_units_add(balance_units_t *units, uint16_t arm);

/* One block's units into the sums of every contrast; units are empty afterwards. */
typedef struct balance_block balance_block_t;
balance_block_t *balance_block_new(const pilot_balance_t *balance);
void balance_block_free(balance_block_t *block);
void balance_block_end(balance_block_t *block, pilot_balance_t *balance, balance_units_t *units);
/* After the last block: what still waits to be squared. */
void balance_block_finish(balance_block_t *block, pilot_balance_t *balance);

/* Packed lower triangle, or diagonal, += the columns' products; see least_squares_kernel.h for
 * length, stride is from column to column. */
void balance_square_add(double *square, const double *column, size_t stride, size_t length,
                        size_t columns, bool joint);

/* Scores of missing outcomes of one agency, whose columns are those of balance.  center: by
 * covariate. */
void balance_attrition(pilot_balance_t *balance, const pilot_frame_t *frame,
                       const pilot_balance_covariate_t *covariate, const double *center,
                       const pilot_variable_t *outcome);

#endif

/* ratio.h - what the ratio estimators share.  Formulas and sources: docs/methods/ratios.md */
#ifndef PILOT_STAT_RATIO_H
#define PILOT_STAT_RATIO_H

#include "contrast_rows.h"

/* "ratio 1.23 (1.01 to 1.50)" from the row's logarithms.  An absent end is 0, or infinite. */
void ratio_note(pilot_estimate_t *row);
/* The ratio itself is 0 (log_ratio -INFINITY) or infinite: no estimate; the interval as it is. */
void ratio_note_extreme(pilot_estimate_t *row, double log_ratio);
/* "clusters_cross_blocks: ..." when there are. */
void ratio_note_crossing(const contrast_rows_t *rows, const char *meaning, pilot_estimate_t *row);

/* One 2 x 2 table of a stratum: events x among n units of each arm, and the stratum's share of all
 * units (shares sum to 1). */
typedef struct ratio_table {
    double treated_events, treated, control_events, control, share;
} ratio_table_t;

typedef enum ratio_kind { RATIO_RISK, RATIO_ODDS } ratio_kind_t;

/* Miettinen and Nurminen's score statistic (1985) of the hypothesis log ratio = log_ratio, standard
 * normal under it; positive where the data's ratio is larger.  RATIO_ODDS: one table only, except
 * at 0. */
double ratio_score(ratio_kind_t kind, const ratio_table_t *table, size_t tables, double log_ratio);
/* The log ratio at which it is `target`, the end of an interval: the lower end for a target above
 * 0, else the upper one.  False when there is none within e^-40 .. e^40. */
bool ratio_score_solve(ratio_kind_t kind, const ratio_table_t *table, size_t tables, double target,
                       double *ret_log_ratio);

#endif

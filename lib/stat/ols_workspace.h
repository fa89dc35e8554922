/* ols_workspace.h - inside pilot_ols_t, for pilot/ols.h and pilot/pooled_ols.h alike. */
#ifndef PILOT_STAT_OLS_WORKSPACE_H
#define PILOT_STAT_OLS_WORKSPACE_H

#include "ols_residuals.h"
#include "pilot/ols.h"

/* Outcomes that share one decomposition, at most. */
#define PILOT_GROUP_OUTCOMES ((size_t)16)

struct pilot_ols {
    pilot_arena_t *arena;
};

/* Numbers of the outcomes from `first` on that are not done and have the same rows; they are
 * marked as done.  ret_member has room for PILOT_GROUP_OUTCOMES. */
size_t pilot_ols_group(const pilot_rows_t *rows, const pilot_variable_t *outcome, size_t outcomes,
                       size_t first, bool *done, size_t *ret_member);

#endif

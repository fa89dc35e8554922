/* view_columns.h - how the tables of views are written down. */
#ifndef PILOT_CLI_VIEW_COLUMNS_H
#define PILOT_CLI_VIEW_COLUMNS_H

#include "view.h"

/* clang-format off */
#define T(name)                                                                                    \
    {                                                                                              \
        name, PILOT_VIEW_TEXT, NULL                                                                \
    }
#define N(name)                                                                                    \
    {                                                                                              \
        name, PILOT_VIEW_NUMBER, NULL                                                              \
    }
#define B(name)                                                                                    \
    {                                                                                              \
        name, PILOT_VIEW_BOOLEAN, NULL                                                             \
    }
/* A number, and the column of the released table that says why it is NULL. */
#define M(name)                                                                                    \
    {                                                                                              \
        name, PILOT_VIEW_NUMBER, name "_mark"                                                      \
    }
#define CONTRAST                                                                                   \
    T("outcome"), T("subgroup"), T("level"), T("arm"), T("control"), T("estimand"),                \
        T("estimator"), T("parameter")

/* clang-format on */

#define COMPARED "results.comparisons AS c"
#define NOTHING_COMPARED                                                                           \
    "(SELECT NULL::text AS pilot, NULL::bigint AS analysis, NULL::text AS estimator "              \
    "WHERE false) AS c"
/* What the plan asks for: agencies stand together though `auto` chose one estimator for each. */
#define ASKED                                                                                      \
    "CASE WHEN estimator IN ('difference_in_means', 'ols', 'lin') AND EXISTS (SELECT "             \
    "FROM " COMPARED " WHERE c.pilot = $1 AND c.analysis = $2::bigint AND "                        \
    "c.estimator = 'auto') THEN 'auto' ELSE estimator END"
/* What a contrast's rows have in common. */
#define CONTRAST_GROUP "outcome, subgroup, level, arm, control, estimand, " ASKED ", parameter"
/* What an estimator is not made for, nobody wants to read of each time. */
#define FITTING "reason IS DISTINCT FROM 'outcome_type'"

/* view_compared.c: what is made of all agencies' effects; a view without a name ends them. */
extern const pilot_view_t pilot_views_compared[];

#endif

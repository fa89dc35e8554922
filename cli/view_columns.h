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

/* What an estimator is not made for, nobody wants to read of each time. */
#define FITTING "reason IS DISTINCT FROM 'outcome_type'"

/* view_compared.c: what is made of all agencies' effects; a view without a name ends them. */
extern const pilot_view_t pilot_views_compared[];

#endif

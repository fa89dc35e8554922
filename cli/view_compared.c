/* view_compared.c - views of what is made of all agencies' effects. */
#include "view_columns.h"

/* clang-format off: one line a group of columns, in the contract's order. */
static const pilot_view_column_t averages_columns[] = {
    T("pilot"),     N("analysis"), CONTRAST,       T("weighting"),    M("k"),      M("estimate"),
    M("std_error"), M("df"),       M("statistic"), M("p_value"),      M("ci_low"), M("ci_high"),
    T("status"),    T("reason"),   T("detail"),    B("confirmatory"), {0}};

static const pilot_view_column_t moderators_columns[] = {T("pilot"),
                                                         N("analysis"),
                                                         CONTRAST,
                                                         T("kind"),
                                                         T("attribute"),
                                                         T("attribute_level"),
                                                         M("k"),
                                                         M("estimate"),
                                                         M("std_error"),
                                                         M("df"),
                                                         M("df_residual"),
                                                         M("statistic"),
                                                         M("p_value"),
                                                         M("ci_low"),
                                                         M("ci_high"),
                                                         M("tau2"),
                                                         M("i2"),
                                                         M("r2"),
                                                         T("status"),
                                                         T("reason"),
                                                         T("detail"),
                                                         B("confirmatory"),
                                                         {0}};

static const pilot_view_column_t distribution_columns[] = {
    T("pilot"),  N("analysis"), CONTRAST,          T("part"),    M("threshold"),
    M("k"),      M("share"),    M("ci_low"),       M("ci_high"), T("status"),
    T("reason"), T("detail"),   B("confirmatory"), {0}};

#define EFFECT                                                                                     \
    {                                                                                              \
        .header = "effect", .kind = PILOT_CELL_NUMBER, .a = "estimate", .b = "std_error",          \
        .is_effect = true                                                                          \
    }
#define INTERVAL                                                                                   \
    {                                                                                              \
        .header = "interval", .kind = PILOT_CELL_INTERVAL, .a = "ci_low", .b = "ci_high",          \
        .c = "std_error", .is_effect = true                                                        \
    }
#define PLOT                                                                                       \
    {                                                                                              \
        .header = "", .kind = PILOT_CELL_PLOT, .drop = 1                                           \
    }
#define NOTE                                                                                       \
    {                                                                                              \
        .header = "note", .kind = PILOT_CELL_NOTE, .a = "status", .b = "reason", .c = "detail"     \
    }

static const pilot_view_cell_t averages_cells[] = {
    {.header = "estimator", .kind = PILOT_CELL_ESTIMATOR, .a = "estimator"},
    {.header = "weighting", .kind = PILOT_CELL_TEXT, .a = "weighting"},
    {.header = "k", .kind = PILOT_CELL_COUNT, .a = "k"},
    EFFECT,
    INTERVAL,
    {.header = "p", .kind = PILOT_CELL_P, .a = "p_value", .drop = 2},
    PLOT,
    NOTE,
    {0}};

static const pilot_view_cell_t moderators_cells[] = {
    {.header = "row", .kind = PILOT_CELL_TEXT, .a = "kind"},
    {.header = "attribute", .kind = PILOT_CELL_TEXT, .a = "attribute"},
    {.header = "level", .kind = PILOT_CELL_TEXT, .a = "attribute_level"},
    {.header = "k", .kind = PILOT_CELL_COUNT, .a = "k"},
    {.header = "effect", .kind = PILOT_CELL_NUMBER, .a = "estimate", .b = "std_error"},
    {.header = "interval",
     .kind = PILOT_CELL_INTERVAL,
     .a = "ci_low",
     .b = "ci_high",
     .c = "std_error"},
    {.header = "statistic", .kind = PILOT_CELL_NUMBER, .a = "statistic", .drop = 3},
    {.header = "p", .kind = PILOT_CELL_P, .a = "p_value"},
    {.header = "R²", .ascii = "R2", .kind = PILOT_CELL_PERCENT, .a = "r2", .drop = 2},
    PLOT,
    NOTE,
    {0}};

static const pilot_view_cell_t distribution_cells[] = {
    {.header = "estimator", .kind = PILOT_CELL_ESTIMATOR, .a = "estimator"},
    {.header = "part", .kind = PILOT_CELL_TEXT, .a = "part"},
    {.header = "threshold", .kind = PILOT_CELL_NUMBER, .a = "threshold", .drop = 2},
    {.header = "k", .kind = PILOT_CELL_COUNT, .a = "k"},
    {.header = "share", .kind = PILOT_CELL_P, .a = "share"},
    {.header = "interval", .kind = PILOT_CELL_INTERVAL, .a = "ci_low", .b = "ci_high"},
    PLOT,
    NOTE,
    {0}};

static const pilot_view_plot_t averages_plot = {.low = "ci_low", .high = "ci_high", .pooled = true};
static const pilot_view_plot_t moderators_plot = {
    .low = "ci_low", .high = "ci_high", .plain = true};
static const pilot_view_plot_t distribution_plot = {
    .estimate = "share", .low = "ci_low", .high = "ci_high", .plain = true, .reach = 1};

#define PLACE_ORDER "ordinal, place"

const pilot_view_t pilot_views_compared[] = {{.name = "averages",
                                              .source = "results.averages",
                                              .column = averages_columns,
                                              .cell = averages_cells,
                                              .order = PLACE_ORDER,
                                              .table_order = PLACE_ORDER,
                                              .table_where = FITTING,
                                              .plot = &averages_plot,
                                              .heading = PILOT_HEADING_CONTRAST,
                                              .by_analysis = true,
                                              .is_public = true},
                                             {.name = "moderators",
                                              .source = "results.moderators",
                                              .column = moderators_columns,
                                              .cell = moderators_cells,
                                              .order = PLACE_ORDER,
                                              .table_order = PLACE_ORDER,
                                              .table_where = FITTING,
                                              .plot = &moderators_plot,
                                              .heading = PILOT_HEADING_ESTIMATE,
                                              .by_analysis = true,
                                              .is_public = true},
                                             {.name = "distribution",
                                              .source = "results.distribution",
                                              .column = distribution_columns,
                                              .cell = distribution_cells,
                                              .order = PLACE_ORDER,
                                              .table_order = PLACE_ORDER,
                                              .table_where = FITTING,
                                              .plot = &distribution_plot,
                                              .heading = PILOT_HEADING_CONTRAST,
                                              .by_analysis = true,
                                              .is_public = true},
                                             {0}};
/* clang-format on */

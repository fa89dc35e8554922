#include "view_columns.h"

#include <string.h>

/* clang-format off: one line a group of columns, in the contract's order. */
static const pilot_view_column_t effects_columns[] = {T("pilot"),
                                                      N("analysis"),
                                                      T("scope"),
                                                      T("agency"),
                                                      CONTRAST,
                                                      T("std_error_type"),
                                                      M("estimate"),
                                                      M("std_error"),
                                                      M("df"),
                                                      M("statistic"),
                                                      M("p_value"),
                                                      M("ci_low"),
                                                      M("ci_high"),
                                                      M("p_randomization"),
                                                      M("p_randomization_mcse"),
                                                      M("ci_randomization_low"),
                                                      M("ci_randomization_high"),
                                                      M("p_adjusted"),
                                                      T("adjustment"),
                                                      M("control_mean"),
                                                      M("n"),
                                                      M("n_arm"),
                                                      M("n_control"),
                                                      M("clusters"),
                                                      M("blocks"),
                                                      T("status"),
                                                      T("reason"),
                                                      T("detail"),
                                                      B("confirmatory"),
                                                      M("control_std_dev"),
                                                      {0}};

static const pilot_view_column_t comparison_columns[] = {T("pilot"),
                                                         N("analysis"),
                                                         CONTRAST,
                                                         T("method"),
                                                         T("test"),
                                                         M("k"),
                                                         M("estimate"),
                                                         M("std_error"),
                                                         M("df"),
                                                         M("statistic"),
                                                         M("p_value"),
                                                         M("ci_low"),
                                                         M("ci_high"),
                                                         M("pi_low"),
                                                         M("pi_high"),
                                                         M("tau2"),
                                                         M("tau2_low"),
                                                         M("tau2_high"),
                                                         M("q"),
                                                         M("q_df"),
                                                         M("q_p_value"),
                                                         M("i2"),
                                                         M("h2"),
                                                         B("headline"),
                                                         T("status"),
                                                         T("reason"),
                                                         T("detail"),
                                                         B("confirmatory"),
                                                         {0}};

static const pilot_view_column_t agencies_columns[] = {T("pilot"),
                                                       N("analysis"),
                                                       CONTRAST,
                                                       T("agency"),
                                                       M("estimate"),
                                                       M("std_error"),
                                                       M("eb_estimate"),
                                                       M("eb_std_error"),
                                                       M("weight"),
                                                       M("rank"),
                                                       M("rank_low"),
                                                       M("rank_high"),
                                                       M("leave_one_out_estimate"),
                                                       T("status"),
                                                       T("reason"),
                                                       B("confirmatory"),
                                                       M("ceb_estimate"),
                                                       M("p_exceeds"),
                                                       M("rank_simultaneous_low"),
                                                       M("rank_simultaneous_high"),
                                                       M("hat"),
                                                       M("std_residual"),
                                                       M("cooks_distance"),
                                                       M("dfbetas"),
                                                       {0}};

static const pilot_view_column_t quality_columns[] = {
    T("pilot"),    N("analysis"), T("agency"),       T("check"), T("arm"),
    T("variable"), M("value"),    M("statistic"),    M("df"),    M("p_value"),
    B("alarm"),    T("detail"),   B("confirmatory"), {0}};

static const pilot_view_column_t curves_columns[] = {T("pilot"),
                                                     N("analysis"),
                                                     T("scope"),
                                                     T("agency"),
                                                     T("outcome"),
                                                     T("subgroup"),
                                                     T("level"),
                                                     T("arm"),
                                                     T("curve"),
                                                     {"x", PILOT_VIEW_NUMBER, "y_mark"},
                                                     M("y"),
                                                     {"std_error", PILOT_VIEW_NUMBER, "y_mark"},
                                                     {"ci_low", PILOT_VIEW_NUMBER, "y_mark"},
                                                     {"ci_high", PILOT_VIEW_NUMBER, "y_mark"},
                                                     {"at_risk", PILOT_VIEW_NUMBER, "y_mark"},
                                                     {"events", PILOT_VIEW_NUMBER, "y_mark"},
                                                     T("detail"),
                                                     B("confirmatory"),
                                                     {0}};

static const pilot_view_column_t conventions_columns[] = {
    T("pilot"),     N("analysis"),   T("scope"),          T("agency"),
    CONTRAST,       T("convention"), T("std_error_type"), N("estimate"),
    N("std_error"), N("df"),         N("p_value"),        N("ci_low"),
    N("ci_high"),   N("n"),          N("clusters"),       N("blocks"),
    T("status"),    T("reason"),     B("confirmatory"),   {0}};

static const pilot_view_column_t submissions_columns[] = {T("pilot"),
                                                          T("agency"),
                                                          N("revision"),
                                                          T("state"),
                                                          M("rows"),
                                                          T("content_sha256"),
                                                          T("file_sha256"),
                                                          T("submitted_by"),
                                                          {"submitted_at", PILOT_VIEW_TIME, NULL},
                                                          T("verdict"),
                                                          N("warnings"),
                                                          T("withdrawn_by"),
                                                          {"withdrawn_at", PILOT_VIEW_TIME, NULL},
                                                          T("withdrawn_reason"),
                                                          {0}};

static const pilot_view_cell_t effects_cells[] = {
    {.header = "agency", .kind = PILOT_CELL_AGENCY, .a = "agency"},
    {.header = "estimator", .kind = PILOT_CELL_CHOSEN, .a = "estimator"},
    {.header = "effect",
     .kind = PILOT_CELL_NUMBER,
     .a = "estimate",
     .b = "std_error",
     .is_effect = true},
    {.header = "std. error",
     .kind = PILOT_CELL_NUMBER,
     .a = "std_error",
     .b = "std_error",
     .drop = 2},
    {.header = "interval",
     .kind = PILOT_CELL_INTERVAL,
     .a = "ci_low",
     .b = "ci_high",
     .c = "std_error",
     .is_effect = true},
    {.header = "p", .kind = PILOT_CELL_P, .a = "p_value"},
    {.header = "control mean",
     .kind = PILOT_CELL_NUMBER,
     .a = "control_mean",
     .b = "std_error",
     .drop = 3},
    {.header = "n", .kind = PILOT_CELL_COUNT, .a = "n", .drop = 1},
    {.header = "note", .kind = PILOT_CELL_NOTE, .a = "status", .b = "reason", .c = "detail"},
    {0}};

static const pilot_view_cell_t comparison_cells[] = {
    {.header = "estimator", .kind = PILOT_CELL_ESTIMATOR, .a = "estimator"},
    {.header = "method", .kind = PILOT_CELL_TEXT, .a = "method", .all_only = true},
    {.header = "test", .kind = PILOT_CELL_TEXT, .a = "test", .all_only = true},
    {.header = "k", .kind = PILOT_CELL_COUNT, .a = "k"},
    {.header = "effect",
     .kind = PILOT_CELL_NUMBER,
     .a = "estimate",
     .b = "std_error",
     .is_effect = true},
    {.header = "interval",
     .kind = PILOT_CELL_INTERVAL,
     .a = "ci_low",
     .b = "ci_high",
     .c = "std_error",
     .is_effect = true},
    {.header = "p", .kind = PILOT_CELL_P, .a = "p_value"},
    {.header = "τ",
     .ascii = "tau",
     .kind = PILOT_CELL_ROOT,
     .a = "tau2",
     .b = "std_error",
     .drop = 4},
    {.header = "I²", .ascii = "I2", .kind = PILOT_CELL_PERCENT, .a = "i2", .drop = 2},
    {.header = "prediction",
     .kind = PILOT_CELL_INTERVAL,
     .a = "pi_low",
     .b = "pi_high",
     .c = "std_error",
     .drop = 3,
     .is_effect = true},
    {.header = "", .kind = PILOT_CELL_PLOT, .drop = 1},
    {.header = "note", .kind = PILOT_CELL_NOTE, .a = "status", .b = "reason", .c = "detail"},
    {0}};

static const pilot_view_cell_t agencies_cells[] = {
    {.header = "agency", .kind = PILOT_CELL_AGENCY, .a = "agency"},
    {.header = "estimator", .kind = PILOT_CELL_CHOSEN, .a = "estimator", .drop = 2},
    {.header = "effect",
     .kind = PILOT_CELL_NUMBER,
     .a = "estimate",
     .b = "std_error",
     .is_effect = true},
    {.header = "std. error",
     .kind = PILOT_CELL_NUMBER,
     .a = "std_error",
     .b = "std_error",
     .drop = 4},
    {.header = "shrunken",
     .kind = PILOT_CELL_NUMBER,
     .a = "eb_estimate",
     .b = "eb_std_error",
     .is_effect = true},
    {.header = "std. error",
     .kind = PILOT_CELL_NUMBER,
     .a = "eb_std_error",
     .b = "eb_std_error",
     .drop = 3},
    {.header = "weight", .kind = PILOT_CELL_NUMBER, .a = "weight", .drop = 6},
    /* Of the sets that hold all ranks at once: people look for the best of many. */
    {.header = "rank",
     .kind = PILOT_CELL_RANK,
     .a = "rank",
     .b = "rank_simultaneous_low",
     .c = "rank_simultaneous_high",
     .drop = 1},
    {.header = "P(better)", .kind = PILOT_CELL_P, .a = "p_exceeds", .drop = 4},
    {.header = "without it",
     .kind = PILOT_CELL_NUMBER,
     .a = "leave_one_out_estimate",
     .b = "eb_std_error",
     .drop = 5,
     .is_effect = true},
    {.header = "", .kind = PILOT_CELL_PLOT, .drop = 1},
    {.header = "note", .kind = PILOT_CELL_NOTE, .a = "status", .b = "reason"},
    {0}};

static const pilot_view_cell_t quality_cells[] = {
    {.header = "check", .kind = PILOT_CELL_TEXT, .a = "check"},
    {.header = "arm", .kind = PILOT_CELL_TEXT, .a = "arm"},
    {.header = "variable", .kind = PILOT_CELL_TEXT, .a = "variable"},
    {.header = "value", .kind = PILOT_CELL_NUMBER, .a = "value"},
    {.header = "statistic", .kind = PILOT_CELL_NUMBER, .a = "statistic", .drop = 3},
    {.header = "df", .kind = PILOT_CELL_NUMBER, .a = "df", .drop = 4},
    {.header = "p", .kind = PILOT_CELL_P, .a = "p_value"},
    {.header = "alarm", .kind = PILOT_CELL_FLAG, .a = "alarm"},
    {.header = "note", .kind = PILOT_CELL_TEXT, .a = "detail", .drop = 2},
    {0}};

static const pilot_view_cell_t curves_cells[] = {
    {.header = "time", .kind = PILOT_CELL_NUMBER, .a = "x"},
    {.header = "share", .kind = PILOT_CELL_NUMBER, .a = "y", .b = "std_error"},
    {.header = "interval",
     .kind = PILOT_CELL_INTERVAL,
     .a = "ci_low",
     .b = "ci_high",
     .c = "std_error"},
    {.header = "at risk", .kind = PILOT_CELL_NUMBER, .a = "at_risk", .drop = 1},
    {.header = "events", .kind = PILOT_CELL_NUMBER, .a = "events", .drop = 1},
    {0}};

/* More digits of the standard error than elsewhere: it is what differs. */
static const pilot_view_cell_t conventions_cells[] = {
    {.header = "convention", .kind = PILOT_CELL_TEXT, .a = "convention"},
    {.header = "type", .kind = PILOT_CELL_TEXT, .a = "std_error_type"},
    {.header = "std. error", .kind = PILOT_CELL_NUMBER, .a = "std_error"},
    {.header = "df", .kind = PILOT_CELL_NUMBER, .a = "df"},
    {.header = "p", .kind = PILOT_CELL_P, .a = "p_value"},
    {.header = "interval",
     .kind = PILOT_CELL_INTERVAL,
     .a = "ci_low",
     .b = "ci_high",
     .c = "std_error"},
    {.header = "note", .kind = PILOT_CELL_NOTE, .a = "status", .b = "reason"},
    {0}};

static const pilot_view_cell_t submissions_cells[] = {
    {.header = "agency", .kind = PILOT_CELL_TEXT, .a = "agency"},
    {.header = "revision", .kind = PILOT_CELL_COUNT, .a = "revision"},
    {.header = "verdict", .kind = PILOT_CELL_TEXT, .a = "verdict"},
    {.header = "rows", .kind = PILOT_CELL_COUNT, .a = "rows"},
    {.header = "warnings", .kind = PILOT_CELL_COUNT, .a = "warnings", .drop = 2},
    {.header = "submitted by", .kind = PILOT_CELL_TEXT, .a = "submitted_by", .drop = 1},
    {.header = "submitted at", .kind = PILOT_CELL_TEXT, .a = "submitted_at"},
    {.header = "file", .kind = PILOT_CELL_BRIEF, .a = "file_sha256", .drop = 3},
    {.header = "content", .kind = PILOT_CELL_BRIEF, .a = "content_sha256", .drop = 4},
    {0}};

#define AGENCY_ORDER "agency COLLATE \"C\" NULLS LAST, ordinal"
/* People compare agencies within a contrast; not every agency has every subgroup level. */
#define CONTRAST_ORDER                                                                             \
    "min(ordinal) OVER (PARTITION BY outcome, subgroup, level, arm, control, estimand, " ASKED     \
    ", parameter), "                                                                               \
    "outcome, subgroup NULLS FIRST, level NULLS FIRST, arm, " ASKED                                \
    ", parameter NULLS FIRST, " AGENCY_ORDER

/* A heading holds one category of an ordinal outcome, and all parameters of other estimators. */
#define CATEGORY                                                                                   \
    "CASE WHEN estimator IN ('difference_in_means', 'ols', 'lin', 'iv') THEN parameter END"

static const pilot_view_plot_t comparison_plot = {.low = "ci_low",
                                                  .high = "ci_high",
                                                  .std_error = "std_error",
                                                  .predicted_low = "pi_low",
                                                  .predicted_high = "pi_high",
                                                  .pooled = true};
static const pilot_view_plot_t agencies_plot = {
    .std_error = "std_error", .shrunken = "eb_estimate", .weight = "weight", .with_answer = true};

static const pilot_view_t views[] = {
    {.name = "effects",
     .source = "results.effects",
     .column = effects_columns,
     .cell = effects_cells,
     .order = AGENCY_ORDER,
     .table_order = CONTRAST_ORDER,
     .table_more = ASKED " AS asked",
     .table_where = FITTING,
     .heading = PILOT_HEADING_ESTIMATE,
     .sort_group = CONTRAST_GROUP ", agency IS NULL",
     .by_analysis = true,
     .is_public = true},
    {.name = "comparison",
     .source = "results.comparisons",
     .column = comparison_columns,
     .cell = comparison_cells,
     .order = "ordinal",
     .table_order = "min(ordinal) OVER (PARTITION BY outcome, subgroup, level, arm, control, "
                    "estimand = 'gap', " CATEGORY "), ordinal",
     .table_where = "headline AND " FITTING,
     .heading = PILOT_HEADING_CONTRAST,
     .plot = &comparison_plot,
     .by_analysis = true,
     .is_public = true},
    {.name = "agencies",
     .source = "results.agencies",
     .column = agencies_columns,
     .cell = agencies_cells,
     .order = AGENCY_ORDER,
     .table_order = CONTRAST_ORDER,
     .table_more = ASKED " AS asked",
     .table_where = FITTING,
     .heading = PILOT_HEADING_ESTIMATE,
     .plot = &agencies_plot,
     .sort_group = CONTRAST_GROUP,
     .by_analysis = true,
     .is_public = true},
    {.name = "quality",
     .source = "results.quality",
     .column = quality_columns,
     .cell = quality_cells,
     .order = AGENCY_ORDER,
     .table_order = AGENCY_ORDER,
     .table_where = "(value IS NOT NULL OR statistic IS NOT NULL OR alarm)",
     .heading = PILOT_HEADING_AGENCY,
     .by_analysis = true,
     .is_public = true},
    {.name = "curves",
     .source = "results.curves",
     .column = curves_columns,
     .cell = curves_cells,
     .order = AGENCY_ORDER ", point",
     .table_order = AGENCY_ORDER ", point",
     .heading = PILOT_HEADING_CURVE,
     .by_analysis = true,
     .is_public = true},
    {.name = "conventions",
     .source = "results.conventions",
     .column = conventions_columns,
     .cell = conventions_cells,
     .order = AGENCY_ORDER ", place",
     .table_order = CONTRAST_ORDER ", place",
     .table_where = "scope = 'pooled'",
     .heading = PILOT_HEADING_CONVENTION,
     .by_analysis = true},
    {.name = "submissions",
     .source = "results.submissions",
     .column = submissions_columns,
     .cell = submissions_cells,
     .order = "agency COLLATE \"C\", submitted_at, revision",
     .table_order = "agency COLLATE \"C\", submitted_at, revision",
     .is_public = true},
    {0}};
/* clang-format on */

const pilot_view_t *pilot_view_find(const char *name)
{
    for (const pilot_view_t *view = views; view->name; view++)
        if (strcmp(view->name, name) == 0)
            return view;
    for (const pilot_view_t *view = pilot_views_compared; view->name; view++)
        if (strcmp(view->name, name) == 0)
            return view;
    return NULL;
}

const char *pilot_view_sort_column(const pilot_view_t *view, const char *by)
{
    static const char *const columns[][4] = {{"estimate", "estimate", NULL},
                                             {"eb", "eb_estimate", NULL},
                                             {"rank", "rank", NULL},
                                             {"p", "p_value", "p_exceeds", NULL},
                                             {"name", "agency", "outcome", NULL}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        for (size_t k = 1; strcmp(columns[i][0], by) == 0 && columns[i][k]; k++)
            if (pilot_view_index(view, columns[i][k]) >= 0)
                return columns[i][k];
    return NULL;
}

int pilot_view_index(const pilot_view_t *view, const char *name)
{
    for (int i = 0; name && view->column[i].name; i++)
        if (strcmp(view->column[i].name, name) == 0)
            return i;
    return -1;
}

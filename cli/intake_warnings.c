#include "intake_warnings.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/quality.h"

#define MUCH_MISSING 0.5
#define MORE_MISSING 0.05
#define FAR_SHIFT 0.5
#define FEWER_ROWS 0.9
/* Standard errors that chance explains. */
#define CHANCE 3.0

void pilot_warnings_clear(pilot_warnings_t *warnings)
{
    for (size_t i = 0; i < warnings->count; i++)
        free(warnings->item[i].message);
    free(warnings->item);
    *warnings = (pilot_warnings_t){0};
}

void pilot_previous_clear(pilot_previous_t *previous)
{
    pilot_summary_free(previous->summary);
    free(previous->known);
    *previous = (pilot_previous_t){0};
}

/* Consumes the message. */
static void add(pilot_warnings_t *warnings, const char *code, const char *column, char *message)
{
    warnings->item = pilot_grow(warnings->item, &warnings->capacity, warnings->count + 1,
                                sizeof *warnings->item);
    warnings->item[warnings->count++] =
        (pilot_warning_t){.code = code, .column = column, .message = message};
}

/* ---- arms ------------------------------------------------------------------------------------ */

static void append_units(const pilot_plan_t *plan, const uint64_t *units, pilot_text_t *text)
{
    for (size_t a = 0; a < plan->arm_count && a < 6; a++)
        pilot_text_appendf(text, "%s%s %llu", a > 0 ? ", " : "", plan->arms[a].label,
                           (unsigned long long)units[a]);
    if (plan->arm_count > 6)
        pilot_text_append(text, ", ...");
}

/* Against the registered assignment, else the plan's probabilities, else equal shares; NULL when it
 * is not to be tested: rows with probabilities of their own and whole agencies that were drawn are
 * for the checks of the analysis, and of assigned clusters all rows are known.  Fills probability;
 * what it is, in words. */
static const char *expected_shares(const pilot_plan_t *plan, const pilot_summary_t *summary,
                                   double *probability)
{
    bool declared = plan->arm_count > 0 && plan->arms[0].has_probability;
    bool clustered = plan->columns.cluster != NULL;
    if (summary->arm_assigned) {
        for (size_t a = 0; a < plan->arm_count; a++)
            probability[a] = (double)summary->arm_assigned[a];
        return clustered ? NULL : "the registered assignment";
    }
    if ((!declared && plan->columns.probability) ||
        (plan->level == PILOT_LEVEL_ACROSS && !clustered))
        return NULL;
    for (size_t a = 0; a < plan->arm_count; a++)
        probability[a] = declared ? plan->arms[a].probability : 1;
    return declared ? "the plan's probabilities"
                    : "equal shares (the plan declares no probabilities)";
}

static void check_sample_ratio(const pilot_plan_t *plan, const pilot_summary_t *summary,
                               pilot_warnings_t *warnings)
{
    double *probability PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, plan->arm_count + 1);
    const char *expected = expected_shares(plan, summary, probability);
    pilot_sample_ratio_t test;
    if (!expected ||
        !pilot_quality_sample_ratio(summary->arm_units, probability, plan->arm_count, &test) ||
        !test.alarm)
        return;
    pilot_text_t units = PILOT_TEXT_INIT;
    append_units(plan, summary->arm_units, &units);
    add(warnings, "sample_ratio", plan->columns.arm,
        pilot_format("%s by arm (%s) are out of proportion to %s, p < 0.001",
                     plan->columns.cluster ? "clusters" : "rows", units.data, expected));
    pilot_text_clear(&units);
}

/* ---- missing --------------------------------------------------------------------------------- */

static bool has_more_missing(const pilot_column_summary_t *now, uint64_t rows,
                             const pilot_column_summary_t *before, uint64_t rows_before)
{
    double n = (double)rows, m = (double)rows_before;
    double share = (double)now->missing / n, share_before = (double)before->missing / m;
    double both = ((double)now->missing + (double)before->missing) / (n + m);
    double std_error = sqrt(both * (1 - both) * (1 / n + 1 / m));
    return share - share_before >= MORE_MISSING && share - share_before > CHANCE * std_error;
}

static void check_missing(const pilot_intake_layout_t *layout, size_t i,
                          const pilot_summary_t *summary, const pilot_previous_t *previous,
                          pilot_warnings_t *warnings)
{
    const char *header = layout->column[i].stored->header;
    const pilot_column_summary_t *now = &summary->column[i];
    double rows = (double)summary->rows, share = (double)now->missing / rows;
    bool known = previous->summary && previous->rows > 0 && previous->known[i];
    if (now->missing == summary->rows) {
        add(warnings, "missing_share", header, pilot_format("no row has it"));
    } else if (known && has_more_missing(now, summary->rows, &previous->summary->column[i],
                                         previous->rows)) {
        double before = (double)previous->summary->column[i].missing / (double)previous->rows;
        add(warnings, "missing_share", header,
            pilot_format("%.3g%% of the rows lack it; of revision %d %.3g%% did", 100 * share,
                         previous->revision, 100 * before));
    } else if (share > MUCH_MISSING) {
        add(warnings, "missing_share", header,
            pilot_format("%.3g%% of the rows lack it", 100 * share));
    } else if (now->empty_arm != PILOT_INTAKE_NO_ARM) {
        add(warnings, "missing_in_arm", header,
            pilot_format("no row of arm %s has it, and rows of other arms do",
                         layout->plan->arms[now->empty_arm].label));
    }
}

/* ---- against the revision before ------------------------------------------------------------- */

bool pilot_mean_shift(const pilot_column_summary_t *now, const pilot_column_summary_t *before,
                      double *ret_shift)
{
    if (!pilot_summary_has_mean(now) || !pilot_summary_has_mean(before))
        return false;
    double sd = fmax(now->sd, before->sd), difference = now->mean - before->mean;
    *ret_shift = sd > 0 ? difference / sd : difference == 0 ? 0 : copysign(HUGE_VAL, difference);
    return true;
}

static bool is_outcome(const pilot_plan_t *plan, const pilot_stored_column_t *stored)
{
    for (size_t i = 0; i < plan->outcome_count; i++)
        if (strcmp(plan->outcomes[i].name, stored->name) == 0)
            return true;
    return false;
}

static void check_shift(const pilot_intake_layout_t *layout, size_t i,
                        const pilot_summary_t *summary, const pilot_previous_t *previous,
                        pilot_warnings_t *warnings)
{
    const pilot_column_summary_t *now = &summary->column[i];
    double shift;
    if (!previous->summary || !previous->known[i] ||
        !is_outcome(layout->plan, layout->column[i].stored))
        return;
    const pilot_column_summary_t *before = &previous->summary->column[i];
    if (!pilot_mean_shift(now, before, &shift))
        return;
    /* In standard deviations, as the shift is. */
    double std_error = sqrt(1 / (double)now->numbers + 1 / (double)before->numbers);
    if (!(fabs(shift) > FAR_SHIFT && fabs(shift) > CHANCE * std_error))
        return;
    if (isinf(shift))
        add(warnings, "outcome_shift", layout->column[i].stored->header,
            pilot_format("every row has one value, and revision %d had another",
                         previous->revision));
    else
        add(warnings, "outcome_shift", layout->column[i].stored->header,
            pilot_format("the mean is %.2g standard deviations %s that of revision %d", fabs(shift),
                         shift > 0 ? "above" : "below", previous->revision));
}

static void check_rows(const pilot_summary_t *summary, const pilot_previous_t *previous,
                       pilot_warnings_t *warnings)
{
    if (previous->revision == 0 || (double)summary->rows >= FEWER_ROWS * (double)previous->rows)
        return;
    add(warnings, "fewer_rows", NULL,
        pilot_format("%llu rows where revision %d had %llu: a submission is all data of the "
                     "agency, not what is new",
                     (unsigned long long)summary->rows, previous->revision,
                     (unsigned long long)previous->rows));
}

void pilot_warnings_find(const pilot_intake_layout_t *layout, const pilot_summary_t *summary,
                         const pilot_previous_t *previous, pilot_warnings_t *warnings)
{
    if (summary->rows == 0)
        return;
    check_sample_ratio(layout->plan, summary, warnings);
    check_rows(summary, previous, warnings);
    for (size_t i = 0; i < layout->columns; i++) {
        if (!pilot_summary_tells(layout->column[i].stored))
            continue;
        check_missing(layout, i, summary, previous, warnings);
        check_shift(layout, i, summary, previous, warnings);
    }
}

void pilot_warnings_json(const pilot_warnings_t *warnings, pilot_text_t *json)
{
    pilot_text_append_char(json, '[');
    for (size_t i = 0; i < warnings->count; i++) {
        const pilot_warning_t *warning = &warnings->item[i];
        pilot_text_appendf(json, "%s{\"code\":\"%s\",\"column\":", i > 0 ? "," : "", warning->code);
        if (warning->column)
            pilot_text_append_json(json, warning->column, strlen(warning->column));
        else
            pilot_text_append(json, "null");
        pilot_text_append(json, ",\"message\":");
        pilot_text_append_json(json, warning->message, strlen(warning->message));
        pilot_text_append_char(json, '}');
    }
    pilot_text_append_char(json, ']');
}

#include "power_experiment.h"

#include <inttypes.h>
#include <math.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "pilot/power_simulate.h"
#include "power_plan.h"

/* A pilot is drawn whole; between two looks at the clock and the person's wish lie so many units.
 */
#define UNITS_AT_ONCE 50000.0
/* Beyond this a single draw would keep people waiting. */
#define MOST_UNITS 2000000.0
#define REDRAW_MS 200

typedef struct experiment {
    const pilot_context_t *context;
    const pilot_plan_t *plan;
    pilot_power_rows_t *rows;
    int64_t simulations;
    int64_t done, total; /* draws */
    int64_t drawn_ms;
} experiment_t;

static bool can_simulate(const pilot_power_row_t *row)
{
    return row->power.given && row->units > 0;
}

static void draw_progress(experiment_t *e)
{
    int64_t now = pilot_clock_ms();
    if (!e->context->terminal_err || now - e->drawn_ms < REDRAW_MS)
        return;
    e->drawn_ms = now;
    fprintf(stderr, "\r\033[Ksimulated %" PRId64 " of %" PRId64 " pilots", e->done, e->total);
    fflush(stderr);
}

static pilot_meta_options_t meta_options(const pilot_plan_t *plan)
{
    pilot_meta_options_t options = {
        .confidence = plan->confidence, .method = PILOT_META_REML, .test = PILOT_META_KNHA};
    pilot_meta_method_from_name(plan->comparison_method, &options.method);
    pilot_meta_test_from_name(plan->comparison_test, &options.test);
    return options;
}

/* The numbers of the row's stream: outcomes may be added at the plan's end without changing the
 * others' draws. */
static uint32_t stream_of(const pilot_plan_t *plan, const pilot_power_row_t *row)
{
    size_t outcome = (size_t)(row->outcome - plan->outcomes);
    return (uint32_t)(outcome << 16 | row->arm << 8 | (size_t)row->design.scope);
}

static pilot_status_t simulate_row(experiment_t *e, const double *arm_share, pilot_power_row_t *row,
                                   pilot_error_t *error)
{
    pilot_power_simulation_t task = {.design = &row->design,
                                     .arm_share = arm_share,
                                     .arm = row->arm,
                                     .units = row->units,
                                     .effect = (row->down ? -1 : 1) * row->effect.value,
                                     .model = strcmp(row->estimator, "auto") == 0 ? PILOT_MODEL_AUTO
                                              : strcmp(row->estimator, "lin") == 0
                                                  ? PILOT_MODEL_LIN
                                                  : PILOT_MODEL_OLS,
                                     .std_error = pilot_std_error_from_name(e->plan->std_error),
                                     .meta = meta_options(e->plan),
                                     .seed = e->plan->seed,
                                     .stream = stream_of(e->plan, row)};
    pilot_power_simulator_t *simulator = pilot_power_simulator_new(&task);
    if (pilot_power_simulator_weakened(simulator))
        pilot_text_appendf(&e->rows->notes,
                           "%s: no such outcome can be as alike or as well explained as power.icc "
                           "and power.r2 say; simulated with the most there can be\n",
                           row->outcome->name);
    uint64_t at_once = (uint64_t)fmax(1, UNITS_AT_ONCE / row->units);
    pilot_power_count_t count = {0};
    pilot_status_t status = PILOT_OK;
    while (!status && count.draws < (uint64_t)e->simulations) {
        uint64_t left = (uint64_t)e->simulations - count.draws, before = count.draws;
        pilot_power_simulator_run(simulator, before, left < at_once ? left : at_once, &count);
        e->done += (int64_t)(count.draws - before);
        draw_progress(e);
        status = pilot_context_check(e->context, error);
    }
    pilot_power_simulator_free(simulator);
    double share = (double)count.found / (double)count.draws;
    row->simulations = e->simulations;
    row->simulated = PILOT_GIVEN(share);
    row->simulated_error = PILOT_GIVEN(sqrt(share * (1 - share) / (double)count.draws));
    if (count.refused > 0)
        pilot_text_appendf(&e->rows->notes,
                           "%s: %" PRIu64 " of %" PRIu64 " simulated pilots had no p-value and "
                           "count as not found\n",
                           row->outcome->name, count.refused, count.draws);
    return status;
}

pilot_status_t pilot_power_experiment(const pilot_context_t *context, const pilot_plan_t *plan,
                                      int64_t simulations, pilot_power_rows_t *rows,
                                      pilot_error_t *error)
{
    experiment_t e = {.context = context, .plan = plan, .rows = rows, .simulations = simulations};
    double *arm_share PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, plan->arm_count);
    for (size_t arm = 0; arm < plan->arm_count; arm++)
        arm_share[arm] = pilot_power_arm_share(plan, arm);
    for (size_t i = 0; i < rows->count; i++) {
        const pilot_power_row_t *row = &rows->row[i];
        if (can_simulate(row) && row->units > MOST_UNITS)
            return pilot_error_set(error, PILOT_E_USAGE,
                                   "--simulate: %.0f units are more than can be drawn at once "
                                   "(%.0f)",
                                   row->units, MOST_UNITS);
        e.total += can_simulate(row) ? simulations : 0;
    }
    if (e.total == 0)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--simulate: no outcome has an effect to be found; give --effect or "
                               "power.outcomes");
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < rows->count && !status; i++)
        if (can_simulate(&rows->row[i]))
            status = simulate_row(&e, arm_share, &rows->row[i], error);
    if (context->terminal_err && e.drawn_ms > 0)
        fputs("\r\033[K", stderr);
    return status;
}

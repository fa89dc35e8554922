/* cmd_power.c - `pilot power PLAN.yaml`: what can this pilot find out?  Needs no database. */
#include "commands.h"
#include "output.h"
#include "pilot/memory.h"
#include "power_experiment.h"
#include "power_print.h"
#include "power_rows.h"
#include "power_svg.h"
#include "render.h"

typedef struct power_options {
    int64_t units, simulations;
    const char *effect, *power, *svg, *format, *output;
    pilot_option_source_t simulations_source;
} power_options_t;

static pilot_status_t read_number(const char *option, const char *text, double low, double high,
                                  const char *wants, double *ret_value, pilot_error_t *error)
{
    double value = 0;
    if (!text)
        return PILOT_OK;
    if (!pilot_double_parse(text, strlen(text), &value) || !(value > low) || !(value < high))
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--%s: '%.80s' is not %s; see pilot power --help", option, text,
                               wants);
    *ret_value = value;
    return PILOT_OK;
}

static pilot_status_t write_tables(const pilot_context_t *context, const power_options_t *options,
                                   const pilot_plan_t *plan, const pilot_power_rows_t *rows,
                                   pilot_error_t *error)
{
    const char *format =
        options->format ? options->format : pilot_render_format_of(options->output);
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(options->output, &output, error);
    if (status)
        return status;
    if (strcmp(format, "csv") == 0)
        pilot_power_print_csv(plan, rows, output.file);
    else if (strcmp(format, "json") == 0)
        pilot_power_print_json(plan, rows, output.file);
    else
        status = pilot_power_print_table(plan, rows, output.file == stdout ? context->width : 80,
                                         context->utf8, output.file, error);
    if (!status)
        return pilot_output_finish(&output, error);
    pilot_output_abandon(&output);
    return status;
}

static pilot_status_t write_picture(const char *path, const pilot_plan_t *plan,
                                    const pilot_power_rows_t *rows, pilot_error_t *error)
{
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(path, &output, error);
    if (status)
        return status;
    pilot_power_svg(plan, rows, output.file);
    return pilot_output_finish(&output, error);
}

static pilot_status_t tell_power(pilot_context_t *context, const char *path,
                                 const power_options_t *options, const pilot_plan_t *plan,
                                 pilot_error_t *error)
{
    pilot_power_request_t request = {.units = options->units};
    pilot_status_t status = read_number("effect", options->effect, 0, 1e300, "a number above 0",
                                        &request.effect, error);
    if (!status)
        status = read_number("power", options->power, 0, 1, "a number between 0 and 1",
                             &request.power, error);
    if (status)
        return status;
    pilot_power_rows_t rows = {0};
    status = pilot_power_rows_make(plan, path, &request, &rows, error);
    int64_t simulations = options->simulations_source == PILOT_SOURCE_DEFAULT
                              ? plan->power.simulations
                              : options->simulations;
    if (!status && simulations > 0)
        status = pilot_power_experiment(context, plan, simulations, &rows, error);
    if (!status && rows.notes.length > 0)
        fputs(rows.notes.data, stderr);
    if (!status)
        status = write_tables(context, options, plan, &rows, error);
    if (!status && options->svg)
        status = write_picture(options->svg, plan, &rows, error);
    pilot_power_rows_clear(&rows);
    return status;
}

static pilot_status_t run(pilot_context_t *context, const char *path,
                          const power_options_t *options, pilot_error_t *error)
{
    pilot_plan_t *plan = NULL;
    pilot_status_t status = options->svg ? pilot_output_check(options->svg, error) : PILOT_OK;
    if (!status && options->output)
        status = pilot_output_check(options->output, error);
    if (!status)
        status = pilot_plan_read(path, &plan, error);
    if (!status)
        status = tell_power(context, path, options, plan, error);
    pilot_plan_free(plan);
    return status;
}

pilot_status_t pilot_cmd_power(pilot_context_t *context, int argc, char **argv,
                               pilot_error_t *error)
{
    power_options_t o = {0};
    const pilot_option_t options[] = {
        {.name = "units",
         .type = PILOT_OPTION_COUNT,
         .target = &o.units,
         .argument = "N",
         .help = "with so many units in all (instead of the plan's power.units)",
         .minimum = 1,
         .maximum = 1000000000000},
        {.name = "effect",
         .type = PILOT_OPTION_TEXT,
         .target = &o.effect,
         .argument = "X",
         .help = "an effect of this size, in every outcome's unit (a share: 0.05)"},
        {.name = "power",
         .type = PILOT_OPTION_TEXT,
         .target = &o.power,
         .argument = "P",
         .help = "the power to plan for (default: power.power, 0.8)"},
        {.name = "simulate",
         .type = PILOT_OPTION_COUNT,
         .target = &o.simulations,
         .argument = "N",
         .help = "estimate the power from N simulated pilots too",
         .minimum = 1,
         .maximum = 10000000,
         .source = &o.simulations_source},
        {.name = "svg",
         .type = PILOT_OPTION_TEXT,
         .target = &o.svg,
         .argument = "FILE",
         .help = "draw the power curve"},
        PILOT_FORMAT_OPTIONS_OF(o, PILOT_FEW_FORMATS),
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PLAN.yaml",
        "Tells, before the pilot, which effects it can detect, with which power, and how many "
        "units an effect needs.  Needs no database.",
        1, 1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    return run(context, argv[1], &o, error);
}

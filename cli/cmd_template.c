/* cmd_template.c - `pilot template PILOT|PLAN.yaml`: an empty data file, and what goes into it. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "output.h"
#include "pilot/memory.h"
#include "submission.h"
#include "template.h"

/* Names of pilots have no point, and files of that name are rare. */
static bool is_pilot_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && length < 49 && name[length] == '\0' && name[0] >= 'a' &&
           access(name, F_OK) != 0;
}

/* Somebody may have filled it. */
static pilot_status_t refuse_present(const char *path, pilot_error_t *error)
{
    if (access(path, F_OK) != 0)
        return PILOT_OK;
    return pilot_error_set(error, PILOT_E_FILE,
                           "%s is there already; give another folder with --output, or remove it",
                           path);
}

static pilot_status_t write_all(const pilot_plan_t *plan, const pilot_dictionary_t *own,
                                const char *folder, pilot_error_t *error)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return pilot_error_set(error, PILOT_E_FILE, "%s: cannot make this folder: %s", folder,
                               strerror(errno));
    char *empty PILOT_AUTOFREE = pilot_format("%s/%s_template.csv", folder, plan->pilot);
    char *page PILOT_AUTOFREE = pilot_format("%s/%s_dictionary.md", folder, plan->pilot);
    char *table PILOT_AUTOFREE = pilot_format("%s/%s_dictionary.csv", folder, plan->pilot);
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_status_t status = refuse_present(empty, error);
    pilot_template_dictionary_markdown(plan, own, &text);
    if (!status)
        status = pilot_output_text(page, &text, error);
    pilot_text_reset(&text);
    pilot_template_dictionary_csv(plan, own, &text);
    if (!status)
        status = pilot_output_text(table, &text, error);
    pilot_text_reset(&text);
    pilot_template_header(plan, &text);
    if (!status)
        status = pilot_output_text(empty, &text, error);
    pilot_text_clear(&text);
    if (!status)
        pilot_say("%s: the header row to fill\n%s, %s: what each column must hold", empty, page,
                  table);
    return status;
}

pilot_status_t pilot_cmd_template(pilot_context_t *context, int argc, char **argv,
                                  pilot_error_t *error)
{
    const char *folder = ".";
    const pilot_option_t options[] = {{.name = "output",
                                       .type = PILOT_OPTION_TEXT,
                                       .target = &folder,
                                       .argument = "DIR",
                                       .help = "the folder to write to (default: this one)"},
                                      PILOT_CONTEXT_OPTIONS(context),
                                      {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT|PLAN.yaml",
        "Writes an empty CSV file with the header row that an agency fills, and a data dictionary: "
        "what each column means, its type, allowed values, codes for missing, role.",
        1, 1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    pilot_submission_t submission = {0};
    if (is_pilot_name(argv[1])) {
        pilot_db_t *db = NULL;
        status = pilot_context_db(context, &db, error);
        if (!status)
            status = pilot_submission_read(db, argv[1], &submission, error);
    } else {
        status = pilot_plan_read(argv[1], &submission.plan, error);
    }
    if (!status)
        status = write_all(submission.plan, submission.restricted ? &submission.own : NULL, folder,
                           error);
    pilot_submission_clear(&submission);
    return status;
}

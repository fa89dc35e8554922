/* main.c - `pilot`: one table of subcommands, global help, and the one place where an error becomes
 * a line on stderr and an exit status. */
#include <gsl/gsl_errno.h>
#include <libsmartcols.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <unistd.h>
#include <yaml.h>

#include "commands.h"
#include "manual.h"
#include "output.h"
#include "pilot/conninfo.h"
#include "pilot/http.h"
#include "pilot/memory.h"
#include "pilot/suggest.h"

typedef struct pilot_command {
    const char *name;
    pilot_command_function_t *function;
    const char *summary;
} pilot_command_t;

static const pilot_command_t commands[] = {
    {"power", pilot_cmd_power, "before the pilot: which effects it can find, which size it needs"},
    {"run", pilot_cmd_run, "everything on this machine in one go: plan and data to results"},
    {"check", pilot_cmd_check, "validate a plan, and data against it; writes nothing"},
    {"register", pilot_cmd_register, "store a plan"},
    {"assign", pilot_cmd_assign, "draw who gets into which arm"},
    {"template", pilot_cmd_template, "an empty data file for a plan, and what goes into it"},
    {"pseudonymize", pilot_cmd_pseudonymize, "an agency's units under pseudonyms, for assign"},
    {"key", pilot_cmd_key, "the key of an agency's pseudonyms: look at it, copy it, restore it"},
    {"submit", pilot_cmd_submit, "store an agency's data"},
    {"submissions", pilot_cmd_submissions, "what agencies have submitted, revision by revision"},
    {"withdraw", pilot_cmd_withdraw, "delete an agency's data; hashes and counts stay"},
    {"launch", pilot_cmd_launch, "freeze plan and data into an analysis"},
    {"status", pilot_cmd_status, "how analyses stand"},
    {"jobs", pilot_cmd_jobs, "the jobs of an analysis"},
    {"cancel", pilot_cmd_cancel, "end an analysis"},
    {"retry", pilot_cmd_retry, "take failed jobs up again"},
    {"results", pilot_cmd_results, "read results"},
    {"report", pilot_cmd_report, "an analysis as one file for people, with pictures"},
    {"compare", pilot_cmd_compare, "effects of several pilots in one unit, pooled"},
    {"diff", pilot_cmd_diff, "how the plan was changed since it was locked"},
    {"audit", pilot_cmd_audit, "who did what, and proof that nobody changed that list"},
    {"dashboard", pilot_cmd_dashboard, "what is released, as live pages for a browser"},
    {"up", pilot_cmd_up, "start database, coordinator and workers in the background"},
    {"down", pilot_cmd_down, "stop them"},
    {"purge", pilot_cmd_purge, "delete rows of superseded submissions"},
    {"init", pilot_cmd_init, "create or update the tables in a database"},
    {"grant", pilot_cmd_grant, "let a login of a server do what a role may"},
    {"revoke", pilot_cmd_revoke, "take a role away again"},
    {"grants", pilot_cmd_grants, "who may do what"},
    {0},
};

static const char *const later[] = {"keygen", NULL};

static void print_help(void)
{
    puts("usage: pilot COMMAND [ARGUMENT]... [OPTION]...\n\n"
         "Evaluates randomized pilots: effects by agency, and their comparison.\n\nCommands:");
    for (const pilot_command_t *command = commands; command->name; command++)
        printf("  %-12s %s\n", command->name, command->summary);
    puts("\n`pilot COMMAND --help` tells a command's options.  Begin with:\n"
         "  pilot check PLAN.yaml DATA.csv\n"
         "  pilot run PLAN.yaml DATA.csv");
}

static void print_version(void)
{
    char *postgres PILOT_AUTOFREE =
        pilot_format("libpq %d.%d", PQlibVersion() / 10000, PQlibVersion() % 10000);
    const char *smartcols_version = NULL;
    scols_get_library_version(&smartcols_version);
    char *smartcols PILOT_AUTOFREE = pilot_format("libsmartcols %s", smartcols_version);
    char *yaml PILOT_AUTOFREE = pilot_format("libyaml %s", yaml_get_version_string());
    const char *openssl = OpenSSL_version(OPENSSL_VERSION);
    const char *libraries[] = {postgres, yaml, smartcols, openssl, pilot_http_library(), NULL};
    pilot_options_version("pilot", libraries);
}

static const pilot_command_t *find_command(const char *name)
{
    for (const pilot_command_t *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static pilot_status_t unknown_command(const char *name, pilot_error_t *error)
{
    for (size_t i = 0; later[i]; i++)
        if (strcmp(later[i], name) == 0)
            return pilot_error_set(error, PILOT_E_USAGE, "`pilot %s` is not in this version", name);
    pilot_suggest_t suggest = PILOT_SUGGEST_INIT(name);
    for (const pilot_command_t *command = commands; command->name; command++)
        pilot_suggest_offer(&suggest, command->name);
    if (suggest.best)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "there is no command '%s': did you mean '%s'? See pilot --help",
                               name, suggest.best);
    return pilot_error_set(error, PILOT_E_USAGE, "there is no command '%s'; see pilot --help",
                           name);
}

/* `pilot --dir D status` is `pilot status --dir D`: the shared options may come first. */
static pilot_status_t command_first(int argc, char **argv, pilot_error_t *error)
{
    static const char *const shared[] = {"--dir", "--db", "--config"};
    int at = 1;
    while (at < argc && argv[at][0] == '-') {
        bool known = false;
        for (size_t i = 0; i < sizeof shared / sizeof *shared && !known; i++) {
            size_t length = strlen(shared[i]);
            if (strncmp(argv[at], shared[i], length) == 0 &&
                (argv[at][length] == '\0' || argv[at][length] == '=')) {
                known = true;
                at += argv[at][length] == '=' ? 1 : 2;
            }
        }
        if (!known)
            return pilot_error_set(error, PILOT_E_USAGE,
                                   "'%s' before the command is not known; see pilot --help",
                                   argv[at]);
    }
    if (at >= argc)
        return pilot_error_set(error, PILOT_E_USAGE, "a command is missing; see pilot --help");
    char *name = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
    argv[1] = name;
    return PILOT_OK;
}

/* `pilot help --man` and `--completion` write what `make install` installs, from the same tables
 * that parse the options. */
static pilot_status_t write_generated(pilot_context_t *context, bool man, pilot_error_t *error)
{
    context->mode = man ? PILOT_PARSE_MAN : PILOT_PARSE_COMPLETION;
    for (const pilot_command_t *command = commands; command->name; command++) {
        char *argv[] = {(char *)command->name, NULL};
        pilot_status_t status = command->function(context, 1, argv, error);
        if (status)
            return status;
    }
    if (man)
        pilot_manual_print(context->out.data, stdout);
    else
        pilot_completion_print(context->out.data, stdout);
    return PILOT_OK;
}

static pilot_status_t dispatch(pilot_context_t *context, int argc, char **argv,
                               pilot_error_t *error)
{
    if (argc < 2)
        return pilot_error_set(error, PILOT_E_USAGE, "a command is missing; see pilot --help");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        (strcmp(argv[1], "help") == 0 && argc == 2)) {
        print_help();
        return PILOT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return PILOT_OK;
    }
    pilot_status_t status = command_first(argc, argv, error);
    if (status)
        return status;
    if (strcmp(argv[1], "help") == 0) {
        if (strcmp(argv[2], "--man") == 0 || strcmp(argv[2], "--completion") == 0)
            return write_generated(context, strcmp(argv[2], "--man") == 0, error);
        const pilot_command_t *about = find_command(argv[2]);
        char *arguments[] = {argv[2], (char *)"--help", NULL};
        return about ? about->function(context, 2, arguments, error)
                     : unknown_command(argv[2], error);
    }
    const pilot_command_t *command = find_command(argv[1]);
    return command ? command->function(context, argc - 1, argv + 1, error)
                   : unknown_command(argv[1], error);
}

int main(int argc, char **argv)
{
    pilot_context_t context;
    pilot_conninfo_no_core();
    gsl_set_error_handler_off();
    pilot_context_init(&context, argc > 0 ? argv[0] : "pilot");
    pilot_error_t error = {0};
    pilot_status_t status = dispatch(&context, argc, argv, &error);
    pilot_context_close(&context);
    if (!status)
        status = pilot_output_flush(&error);
    if (status)
        pilot_say("pilot: %s", error.message);
    return pilot_status_exit(status);
}

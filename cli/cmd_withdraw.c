/* cmd_withdraw.c - `pilot withdraw PILOT --agency NAME`: an agency takes its data back. */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"

/* The person's answer; anything but "yes" is no. */
static pilot_status_t ask(const pilot_context_t *context, const char *pilot, const char *agency,
                          pilot_error_t *error)
{
    char answer[16] = "";
    fprintf(stderr,
            "All rows of agency %s in pilot %s will be deleted, of every revision; analyses keep\n"
            "their numbers and say so.  This cannot be undone.  Type yes to go on: ",
            agency, pilot);
    fflush(stderr);
    struct pollfd wait[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = context->interrupt_fd, .events = POLLIN}};
    while (poll(wait, 2, -1) < 0 || (wait[0].revents == 0 && wait[1].revents == 0))
        continue;
    pilot_status_t status = pilot_context_check(context, error);
    if (status)
        return status;
    ssize_t got = read(STDIN_FILENO, answer, sizeof answer - 1);
    answer[got > 0 ? got : 0] = '\0';
    if (strcmp(answer, "yes\n") == 0 || strcmp(answer, "yes") == 0)
        return PILOT_OK;
    return pilot_error_set(error, PILOT_E_USAGE, "nothing was withdrawn");
}

static void tell(const PGresult *result, const char *pilot, const char *agency)
{
    long analyses = strtol(PQgetvalue(result, 0, 2), NULL, 10);
    long unfinished = strtol(PQgetvalue(result, 0, 3), NULL, 10);
    pilot_say("withdrawn: agency %s, pilot %s: %s rows of %s revision%s deleted; hashes and counts "
              "stay",
              agency, pilot, PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 0),
              strcmp(PQgetvalue(result, 0, 0), "1") == 0 ? "" : "s");
    if (analyses > unfinished)
        pilot_say("%ld finished %s it: numbers stay, marked as of withdrawn data",
                  analyses - unfinished,
                  analyses - unfinished == 1 ? "analysis used" : "analyses used");
    if (unfinished > 0)
        pilot_say("%ld %s under way: what still needs the data will fail", unfinished,
                  unfinished == 1 ? "analysis that uses it is" : "analyses that use it are");
}

pilot_status_t pilot_cmd_withdraw(pilot_context_t *context, int argc, char **argv,
                                  pilot_error_t *error)
{
    const char *agency = NULL, *reason = NULL;
    bool yes = false;
    const pilot_option_t options[] = {
        {.name = "agency",
         .type = PILOT_OPTION_TEXT,
         .target = &agency,
         .argument = "NAME",
         .help = "whose data is withdrawn"},
        {.name = "reason",
         .type = PILOT_OPTION_TEXT,
         .target = &reason,
         .argument = "TEXT",
         .help = "why; kept with the submission and shown to evaluators"},
        {.name = "yes", .type = PILOT_OPTION_FLAG, .target = &yes, .help = "do not ask"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT",
        "Deletes all data of an agency in a pilot, of every revision.  Hashes, counts and finished "
        "analyses stay and say that it was withdrawn; it can be submitted again.",
        1, 1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    if (!agency)
        return pilot_error_set(error, PILOT_E_USAGE, "say whose data is withdrawn: --agency NAME");
    if (!yes && (!isatty(STDIN_FILENO) || !context->terminal_err))
        return pilot_error_set(error, PILOT_E_USAGE,
                               "withdrawal deletes data for good: confirm it with --yes");
    pilot_db_t *db = NULL;
    status = pilot_context_db(context, &db, error);
    if (!status && !yes)
        status = ask(context, argv[1], agency, error);
    PGresult *result = NULL;
    if (!status)
        status = pilot_db_run(db, &result, error,
                              "SELECT revisions, rows, analyses, unfinished FROM "
                              "registry.withdraw($1, $2, $3)",
                              3, argv[1], agency, reason);
    if (!status)
        tell(result, argv[1], agency);
    PQclear(result);
    return status;
}

/* intake.h - an agency's CSV files, validated while they flow: into the database as one load, all
 * or nothing (`submit`, `run`), or nowhere (`check`).
 *
 * Memory is bounded whatever the size of the files: rows of an agency that come together are
 * streamed; where they are scattered the files are read once more, through a temporary file. */
#ifndef PILOT_CLI_INTAKE_H
#define PILOT_CLI_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assignments.h"
#include "intake_dictionary.h"
#include "keyring.h"
#include "pilot/database.h"
#include "pilot/hash.h"
#include "intake_warnings.h"
#include "pilot/plan.h"
#include "problem_report.h"

/* How far the reading is.  total 0: not known. */
typedef struct pilot_intake_progress {
    uint64_t bytes, total, rows;
    bool again; /* the files are read a second time: rows came in no order of agencies */
    bool read;  /* all of it; what was read is being stored */
} pilot_intake_progress_t;

typedef struct pilot_intake_options {
    const char *agency; /* all rows are this agency's; NULL: see name_by_file */
    /* Without `agency` and without an agency column in the plan: a file is the agency of its base
     * name.  False: that is PILOT_E_USAGE. */
    bool name_by_file;
    /* Whose data may be stored; rows of others are `wrong_agency`.  NULL: anybody's. */
    const pilot_dictionary_t *own;
    bool dry_run; /* everything that the database does, and then nothing is kept */
    /* Called now and then from the calling thread; NULL: never. */
    void (*progress)(void *context, const pilot_intake_progress_t *progress);
    void *progress_context;
    int interrupt_fd;   /* -1: none */
    bool content;       /* content_sha256 in a check too */
    bool single_thread; /* for tests and fuzzing */
    size_t memory;      /* bytes of rows kept in memory; 0: the default */
    /* What to check against; NULL: what is registered in the database, if there is one. */
    pilot_assignments_t *assignments;
    /* Units become pseudonyms under their agency's key before anything else is done with them;
     * NULL: they stay as they are. */
    pilot_keyring_t *keys;
} pilot_intake_options_t;

typedef struct pilot_intake_agency {
    char *name;
    uint64_t rows;
    char content_sha256[PILOT_SHA256_HEX_SIZE]; /* "": not computed (check, rejected) */
    int64_t submission; /* the stored one, or the accepted one that has the same content */
    int revision;
    bool unchanged;
    pilot_summary_t *summary;           /* NULL: not known */
    pilot_previous_t previous;          /* of what is stored: the revision before */
    int64_t units_added, units_removed; /* against that revision; -1: not known */
    pilot_warnings_t warnings;
} pilot_intake_agency_t;

typedef struct pilot_intake_result {
    pilot_intake_agency_t *agency; /* in byte order of the names */
    size_t agencies;
    uint64_t rows; /* of all files, good or not */
    size_t stored; /* agencies that got a new revision */
    uint64_t rows_stored;
    char file_sha256[PILOT_SHA256_HEX_SIZE]; /* of the file; of several: see docs/data.md */
    pilot_problems_t *problems;              /* never NULL after a call; total 0 = accepted */
    bool scattered;                          /* the rows came in no order of agencies */
    /* Data against assignments: agencies with one and without; units assigned in the former, and
     * how many of these have no row, in all and by arm of the plan (NULL: nothing was checked). */
    size_t checked, unchecked;
    uint64_t assigned, absent, *absent_by_arm;
} pilot_intake_result_t;

/* db NULL: check only.  plan_id: the registered plan (0 when db is NULL).  PILOT_E_DATA when the
 * data is rejected (ret_result->problems says why; nothing was stored, save, in the database, the
 * report); other errors as they come, nothing stored.  *ret_result is filled in any case, as far
 * as known; clear it. */
pilot_status_t pilot_intake_run(pilot_db_t *db, const pilot_plan_t *plan, int64_t plan_id,
                                const char *const *files, size_t file_count,
                                const pilot_intake_options_t *options,
                                pilot_intake_result_t *ret_result, pilot_error_t *error);
void pilot_intake_clear(pilot_intake_result_t *result);

/* The same checks over up to four files in memory, called 1.csv, 2.csv ...; without a column or
 * an option their agency is "agency". */
pilot_status_t pilot_intake_check_bytes(const pilot_plan_t *plan, const char *const *bytes,
                                        const size_t *length, size_t count,
                                        const pilot_intake_options_t *options,
                                        pilot_intake_result_t *ret_result, pilot_error_t *error);

/* How the outcome is told. */
typedef struct pilot_intake_told {
    const char *report; /* list problems in this file; NULL: the first ones on stderr */
    bool json;          /* everything as one JSON object on stdout, for programs */
    bool dry_run;
    bool brief; /* of data that is valid: how many warnings, and the assignment */
    int width;  /* columns of the terminal */
} pilot_intake_told_t;

/* For the person, on stderr: when the data is valid its summary, its warnings, how it compares with
 * assignments, and the verdict in the last line; when rejected the first problems and the counts
 * by code (the verdict is then the error's). */
pilot_status_t pilot_intake_tell(const pilot_intake_result_t *result, const pilot_plan_t *plan,
                                 const pilot_intake_told_t *told, pilot_error_t *error);

/* Options of the commands that take data in and report on it: const char **agency, **report,
 * **format. */
#define PILOT_INTAKE_OPTIONS(agency_target, report_target, format_target)                          \
    {.name = "agency",                                                                             \
     .type = PILOT_OPTION_TEXT,                                                                    \
     .target = (agency_target),                                                                    \
     .argument = "NAME",                                                                           \
     .help = "whose data it is, where the files have no agency column"},                           \
        {.name = "report",                                                                         \
         .type = PILOT_OPTION_TEXT,                                                                \
         .target = (report_target),                                                                \
         .argument = "FILE.csv",                                                                   \
         .help = "list what is wrong with the data in FILE.csv"},                                  \
    {                                                                                              \
        .name = "format", .type = PILOT_OPTION_CHOICE, .target = (format_target),                  \
        .argument = "FORMAT",                                                                      \
        .help = "the summary: table (default, on stderr), or json on stdout",                      \
        .choices = "table|json"                                                                    \
    }

#endif

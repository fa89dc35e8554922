#include "options_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/suggest.h"
#include "pilot/text.h"

#define CONFIG_MAX_BYTES (1u << 20)

/* Long options that may stand in a config file, of all programs: one file serves all of them. */
static const char *const known[] = {
    "agency",      "all",     "analysis", "as-given",  "assignment", "audit",     "bind",
    "cache",       "connect", "db",       "dir",       "drain",      "dry-run",   "effect",
    "exploratory", "follow",  "format",   "heartbeat", "keep",       "lease-ttl", "log-level",
    "older-than",  "output",  "power",    "register",  "replace",    "report",    "simulate",
    "sql",         "svg",     "threads",  "units",     "view",       "workers"};
#define KNOWN_COUNT (sizeof known / sizeof *known)

/* Texts of config files, kept for the life of the process: options point into them. */
static struct kept {
    char *text;
    struct kept *next;
} * kept_texts;

static void keep(char *text)
{
    struct kept *entry = PILOT_NEW(struct kept);
    *entry = (struct kept){text, kept_texts};
    kept_texts = entry;
}

static pilot_status_t read_all(const char *path, char **ret_text, pilot_error_t *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return pilot_error_set(error, PILOT_E_FILE, "%s: cannot be read: %s", path,
                               strerror(errno));
    char *text = pilot_alloc(CONFIG_MAX_BYTES + 1, 1);
    size_t length = fread(text, 1, CONFIG_MAX_BYTES + 1, file);
    int failure = ferror(file) ? errno : 0;
    fclose(file);
    pilot_status_t status = PILOT_OK;
    if (failure)
        status =
            pilot_error_set(error, PILOT_E_FILE, "%s: cannot be read: %s", path, strerror(failure));
    else if (length > CONFIG_MAX_BYTES)
        status = pilot_error_set(error, PILOT_E_FILE, "%s: a config file has at most 1 MB", path);
    else if (!pilot_utf8_valid(text, length, NULL))
        status = pilot_error_set(error, PILOT_E_FILE, "%s: a config file is UTF-8 text", path);
    if (status) {
        free(text);
        return status;
    }
    *ret_text = pilot_realloc(text, length + 1, 1);
    (*ret_text)[length] = '\0';
    return PILOT_OK;
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return false;
}

static pilot_status_t unknown_name(const char *path, int line, const char *name,
                                   pilot_error_t *error)
{
    pilot_suggest_t suggest = PILOT_SUGGEST_INIT(name);
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        pilot_suggest_offer(&suggest, known[i]);
    return pilot_error_set(error, PILOT_E_USAGE, "%s:%d: '%.80s' is not an option of Pilot%s%s%s",
                           path, line, name, suggest.best ? "; did you mean '" : "",
                           suggest.best ? suggest.best : "", suggest.best ? "'?" : "");
}

pilot_status_t
pilot_options_file_read(const char *path, bool (*is_ours)(void *context, const char *name),
                        void *is_ours_context,
                        pilot_status_t (*set)(void *context, const char *name, const char *value,
                                              int line, pilot_error_t *error),
                        void *set_context, pilot_error_t *error)
{
    char *text = NULL;
    pilot_status_t status = read_all(path, &text, error);
    if (status)
        return status;
    keep(text);
    int number = 0;
    for (char *next = text; next && status == PILOT_OK;) {
        char *line = next;
        number++;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line = trim(line);
        if (*line == '\0' || *line == '#')
            continue;
        char *equals = strchr(line, '=');
        if (!equals)
            return pilot_error_set(error, PILOT_E_USAGE, "%s:%d: a line is 'name = value'", path,
                                   number);
        *equals = '\0';
        char *name = trim(line), *value = trim(equals + 1);
        if (strcmp(name, "help") == 0 || strcmp(name, "version") == 0 ||
            !(is_known(name) || is_ours(is_ours_context, name)))
            return unknown_name(path, number, name, error);
        status = set(set_context, name, value, number, error);
    }
    return status;
}

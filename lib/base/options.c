/* Options: every source of values (flag, environment, file) is turned into (option, text, where)
 * and set by one function, so that a value is checked alike wherever it comes from. */
#include "pilot/options.h"

#include <stdlib.h>
#include <string.h>

#include "options_file.h"
#include "pilot/memory.h"
#include "pilot/suggest.h"
#include "pilot/text.h"

/* Where a text came from, for messages and for pilot_option_t.source. */
struct origin {
    pilot_option_source_t source;
    const char *label; /* "--workers", "$PILOT_WORKERS", "pilot.conf:3: workers" */
    const char *command;
};

static const pilot_option_t *find_option(const pilot_option_t *options, const char *name,
                                         size_t length)
{
    for (const pilot_option_t *o = options; o->name; o++)
        if (strlen(o->name) == length && memcmp(o->name, name, length) == 0)
            return o;
    return NULL;
}

static pilot_status_t refuse(const struct origin *origin, pilot_error_t *error, const char *text,
                             const char *what)
{
    return pilot_error_set(error, PILOT_E_USAGE, "%s: '%.80s' is not %s; see %s --help",
                           origin->label, text, what, origin->command);
}

static pilot_status_t check_range(const pilot_option_t *option, int64_t value, const char *text,
                                  const struct origin *origin, pilot_error_t *error)
{
    int64_t low = option->minimum, high = option->maximum;
    if (low == 0 && high == 0)
        high = INT64_MAX;
    if (value >= low && value <= high)
        return PILOT_OK;
    char *what = high == INT64_MAX
                     ? pilot_format("at least %lld", (long long)low)
                     : pilot_format("between %lld and %lld", (long long)low, (long long)high);
    pilot_status_t status = refuse(origin, error, text, what);
    free(what);
    return status;
}

/* "512MB", "2GB", "100kB", "1000": powers of 1024, as PostgreSQL reads its memory settings. */
static bool parse_size(const char *text, int64_t *ret_value)
{
    static const struct {
        const char *suffix;
        int shift;
    } units[] = {{"kB", 10}, {"KB", 10}, {"MB", 20}, {"GB", 30}, {"TB", 40}, {"B", 0}, {"", 0}};
    size_t digits = strspn(text, "0123456789");
    int64_t value;
    if (!pilot_int64_parse(text, digits, &value))
        return false;
    const char *suffix = text + digits + strspn(text + digits, " ");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(suffix, units[i].suffix) == 0)
            return !__builtin_mul_overflow(value, (int64_t)1 << units[i].shift, ret_value);
    return false;
}

static bool parse_switch(const char *text, bool *ret_value)
{
    static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) {
            *ret_value = i % 2 == 1;
            return true;
        }
    return false;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (const char *c = choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
        if (strcspn(c, "|") == length && memcmp(c, text, length) == 0)
            return true;
    return false;
}

static pilot_status_t set_choice(const pilot_option_t *option, const char *text,
                                 const struct origin *origin, pilot_error_t *error)
{
    if (is_choice(option->choices, text)) {
        *(const char **)option->target = text;
        return PILOT_OK;
    }
    char *what = pilot_format("one of %s", option->choices);
    pilot_status_t status = refuse(origin, error, text, what);
    free(what);
    return status;
}

static pilot_status_t set_number(const pilot_option_t *option, const char *text,
                                 const struct origin *origin, pilot_error_t *error)
{
    int64_t value = 0;
    bool is_size = option->type == PILOT_OPTION_SIZE;
    if (!(is_size ? parse_size(text, &value) : pilot_int64_parse(text, strlen(text), &value)))
        return refuse(origin, error, text,
                      is_size ? "a size such as 512MB or 2GB" : "a whole number");
    pilot_status_t status = check_range(option, value, text, origin, error);
    if (status == PILOT_OK)
        *(int64_t *)option->target = value;
    return status;
}

/* text lives as long as the process; NULL is a flag without a value. */
static pilot_status_t set_option(const pilot_option_t *option, const char *text,
                                 const struct origin *origin, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    switch (option->type) {
    case PILOT_OPTION_FLAG:
        if (!text)
            *(bool *)option->target = true;
        else if (!parse_switch(text, option->target))
            status = refuse(origin, error, text, "yes or no");
        break;
    case PILOT_OPTION_TEXT:
        *(const char **)option->target = text;
        break;
    case PILOT_OPTION_CHOICE:
        status = set_choice(option, text, origin, error);
        break;
    case PILOT_OPTION_COUNT:
    case PILOT_OPTION_SIZE:
        status = set_number(option, text, origin, error);
        break;
    }
    if (status == PILOT_OK && option->source)
        *option->source = origin->source;
    return status;
}

/* ---- the command line ------------------------------------------------------------------------ */

static pilot_status_t unknown_option(const pilot_option_t *options, const char *command,
                                     const char *name, size_t length, pilot_error_t *error)
{
    char *word PILOT_AUTOFREE = pilot_strndup(name, length < 80 ? length : 80);
    pilot_suggest_t suggest = PILOT_SUGGEST_INIT(word);
    for (const pilot_option_t *o = options; o->name; o++)
        pilot_suggest_offer(&suggest, o->name);
    pilot_suggest_offer(&suggest, "config");
    return pilot_error_set(error, PILOT_E_USAGE, "--%s is not an option%s%s%s; see %s --help", word,
                           suggest.best ? " (did you mean --" : "",
                           suggest.best ? suggest.best : "", suggest.best ? "?)" : "", command);
}

/* One option of the command line: given[i] is its value's text ("" for a flag). */
struct command_line {
    const pilot_option_t *options;
    const char *command;
    const char **given;
    const char *config;
};

static pilot_status_t read_option(struct command_line *line, char **argv, int *at,
                                  pilot_error_t *error)
{
    const char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    bool is_config = length == 6 && memcmp(name, "config", 6) == 0;
    const pilot_option_t *option = find_option(line->options, name, length);
    if (!option && !is_config)
        return unknown_option(line->options, line->command, name, length, error);
    if (option && option->type == PILOT_OPTION_FLAG) {
        if (value)
            return pilot_error_set(error, PILOT_E_USAGE, "--%s takes no value; see %s --help",
                                   option->name, line->command);
        line->given[option - line->options] = "yes";
        return PILOT_OK;
    }
    if (!value)
        value = argv[++*at];
    if (!value)
        return pilot_error_set(error, PILOT_E_USAGE, "--%.*s needs a value; see %s --help",
                               (int)length, name, line->command);
    if (option)
        line->given[option - line->options] = value;
    else
        line->config = value;
    return PILOT_OK;
}

static pilot_status_t read_command_line(struct command_line *line, int argc, char **argv,
                                        int *ret_operands, pilot_error_t *error)
{
    int operands = 0;
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
        } else if (!ended && strcmp(word, "-h") == 0 && find_option(line->options, "help", 4)) {
            line->given[find_option(line->options, "help", 4) - line->options] = "yes";
        } else if (!ended && word[0] == '-' && word[1] == '-') {
            pilot_status_t status = read_option(line, argv, &i, error);
            if (status)
                return status;
        } else if (!ended && word[0] == '-' && word[1]) {
            return pilot_error_set(error, PILOT_E_USAGE,
                                   "%.80s is not an option (long options begin with --); see %s "
                                   "--help",
                                   word, line->command);
        } else {
            argv[1 + operands++] = word;
        }
    }
    *ret_operands = operands;
    return PILOT_OK;
}

/* ---- all sources together -------------------------------------------------------------------- */

struct file_context {
    const pilot_option_t *options;
    const char *command, *path;
};

static pilot_status_t set_from_file(void *context, const char *name, const char *value, int line,
                                    pilot_error_t *error)
{
    const struct file_context *file = context;
    const pilot_option_t *option = find_option(file->options, name, strlen(name));
    if (!option)
        return PILOT_OK;
    char *label PILOT_AUTOFREE = pilot_format("%s:%d: %s", file->path, line, name);
    struct origin origin = {PILOT_SOURCE_FILE, label, file->command};
    return set_option(option, value, &origin, error);
}

static bool is_option_name(void *context, const char *name)
{
    return find_option(context, name, strlen(name)) != NULL;
}

static pilot_status_t set_from_environment(const pilot_option_t *option, const char *command,
                                           pilot_error_t *error)
{
    const char *value = option->environment ? getenv(option->environment) : NULL;
    if (!value || !*value)
        return PILOT_OK;
    char *label PILOT_AUTOFREE = pilot_format("$%s", option->environment);
    struct origin origin = {PILOT_SOURCE_ENVIRONMENT, label, command};
    return set_option(option, value, &origin, error);
}

static pilot_status_t set_from_flag(const pilot_option_t *option, const char *value,
                                    const char *command, pilot_error_t *error)
{
    if (!value)
        return PILOT_OK;
    char *label PILOT_AUTOFREE = pilot_format("--%s", option->name);
    struct origin origin = {PILOT_SOURCE_FLAG, label, command};
    return set_option(option, value, &origin, error);
}

pilot_status_t pilot_options_parse(const pilot_option_t *options, const char *command, int argc,
                                   char **argv, int *ret_operands, pilot_error_t *error)
{
    size_t count = 0;
    while (options[count].name)
        count++;
    const char **given PILOT_AUTOFREE = PILOT_NEW_ARRAY(const char *, count + 1);
    struct command_line line = {.options = options, .command = command, .given = given};
    pilot_status_t status = read_command_line(&line, argc, argv, ret_operands, error);
    if (status)
        return status;
    /* Help must be had even when the config file or the environment is broken. */
    const pilot_option_t *help = find_option(options, "help", 4);
    if (help && given[help - options])
        return set_from_flag(help, "yes", command, error);
    const char *path = line.config ? line.config : getenv("PILOT_CONFIG");
    if (path && *path) {
        struct file_context file = {options, command, path};
        status = pilot_options_file_read(path, is_option_name, (void *)(uintptr_t)options,
                                         set_from_file, &file, error);
    }
    for (size_t i = 0; i < count && status == PILOT_OK; i++) {
        if (!given[i])
            status = set_from_environment(&options[i], command, error);
        else
            status = set_from_flag(&options[i], given[i], command, error);
    }
    return status;
}

/* Options: precedence of flag, environment, file and default; every refusal's exact words. */
#include "pilot/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/suggest.h"
#include "pilot/text.h"

static struct values {
    const char *dir, *format;
    bool help, follow;
    int64_t workers, cache, free_count;
    pilot_option_source_t dir_source, workers_source, follow_source;
} values;

static const pilot_option_t options[] = {
    {.name = "dir",
     .type = PILOT_OPTION_TEXT,
     .target = &values.dir,
     .argument = "DIR",
     .environment = "PILOT_TEST_DIR",
     .help = "folder",
     .source = &values.dir_source},
    {.name = "workers",
     .type = PILOT_OPTION_COUNT,
     .target = &values.workers,
     .minimum = 1,
     .maximum = 64,
     .environment = "PILOT_TEST_WORKERS",
     .help = "how many workers",
     .source = &values.workers_source},
    {.name = "cache",
     .type = PILOT_OPTION_SIZE,
     .target = &values.cache,
     .argument = "SIZE",
     .help = "memory"},
    {.name = "free", .type = PILOT_OPTION_COUNT, .target = &values.free_count, .help = "any"},
    {.name = "format",
     .type = PILOT_OPTION_CHOICE,
     .target = &values.format,
     .choices = "table|csv|json",
     .help = "form of the rows"},
    {.name = "follow",
     .type = PILOT_OPTION_FLAG,
     .target = &values.follow,
     .environment = "PILOT_TEST_FOLLOW",
     .help = "wait",
     .source = &values.follow_source},
    {.name = "help", .type = PILOT_OPTION_FLAG, .target = &values.help, .help = "this text"},
    {.name = NULL},
};

static char *argument[16];
static int operands;
static pilot_error_t error;

/* Parse "a b c", cut at blanks. */
static pilot_status_t parse(const char *line)
{
    static char copy[512];
    int count = 1;
    snprintf(copy, sizeof copy, "%s", line);
    memset(argument, 0, sizeof argument);
    static char program[] = "pilot";
    argument[0] = program;
    for (char *rest = copy, *word; (word = strsep(&rest, " "));)
        if (*word)
            argument[count++] = word;
    values = (struct values){.dir = "default", .format = "table", .workers = 4, .cache = 7};
    error = (pilot_error_t){0};
    return pilot_options_parse(options, "pilot run", count, argument, &operands, &error);
}

static void test_flags(void)
{
    ok(parse("one --dir here two --workers=3 --follow -- --three") == PILOT_OK,
       "options and operands may mix");
    is_text(values.dir, "here", "--name value is taken");
    ok(values.workers == 3, "--name=value is taken");
    ok(values.follow && values.follow_source == PILOT_SOURCE_FLAG, "a flag is set");
    ok(operands == 3, "three operands are left");
    is_text(argument[1], "one", "the first operand is in front");
    is_text(argument[2], "two", "the second operand follows");
    is_text(argument[3], "--three", "after -- nothing is an option");
    ok(parse("-") == PILOT_OK && operands == 1, "a lone dash is an operand");
    ok(parse("") == PILOT_OK && operands == 0 && values.workers == 4, "defaults stay");
    is_text(values.dir, "default", "a text's default stays");
    ok(values.dir_source == PILOT_SOURCE_DEFAULT, "the source of a default is told");
    ok(parse("--dir a --dir b") == PILOT_OK && strcmp(values.dir, "b") == 0,
       "the last of repeated options counts");
    ok(parse("--dir=") == PILOT_OK && *values.dir == '\0', "an empty value may be given");
    ok(parse("--free 0") == PILOT_OK && values.free_count == 0, "without a range 0 is fine");
    ok(parse("-h") == PILOT_OK && values.help, "-h is --help");
    ok(parse("--help --config /nowhere/at/all") == PILOT_OK && values.help,
       "help is given even when the config file is broken");
}

static void test_sizes(void)
{
    static const struct {
        const char *line;
        int64_t bytes;
    } sizes[] = {{"--cache 1000", 1000},         {"--cache 100kB", 102400},
                 {"--cache 512MB", 536870912},   {"--cache 2GB", 2147483648},
                 {"--cache=1TB", 1099511627776}, {"--cache 5B", 5}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        ok(parse(sizes[i].line) == PILOT_OK && values.cache == sizes[i].bytes, "%s is read",
           sizes[i].line);
}

static void test_refusals(void)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"--workers x", "--workers: 'x' is not a whole number; see pilot run --help"},
        {"--workers 0", "--workers: '0' is not between 1 and 64; see pilot run --help"},
        {"--workers 65", "--workers: '65' is not between 1 and 64; see pilot run --help"},
        {"--workers 1.5", "--workers: '1.5' is not a whole number; see pilot run --help"},
        {"--free -1", "--free: '-1' is not at least 0; see pilot run --help"},
        {"--cache 12XB",
         "--cache: '12XB' is not a size such as 512MB or 2GB; see pilot run --help"},
        {"--cache 99999999TB",
         "--cache: '99999999TB' is not a size such as 512MB or 2GB; see pilot run --help"},
        {"--cache MB", "--cache: 'MB' is not a size such as 512MB or 2GB; see pilot run --help"},
        {"--format xml", "--format: 'xml' is not one of table|csv|json; see pilot run --help"},
        {"--format tab", "--format: 'tab' is not one of table|csv|json; see pilot run --help"},
        {"--worker 3", "--worker is not an option (did you mean --workers?); see pilot run --help"},
        {"--zebra", "--zebra is not an option; see pilot run --help"},
        {"-w 3", "-w is not an option (long options begin with --); see pilot run --help"},
        {"--workers", "--workers needs a value; see pilot run --help"},
        {"--config", "--config needs a value; see pilot run --help"},
        {"--follow=yes", "--follow takes no value; see pilot run --help"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ok(parse(cases[i].line) == PILOT_E_USAGE, "'%s' is a usage error", cases[i].line);
        is_text(error.message, cases[i].message, "'%s' says why", cases[i].line);
    }
}

/* ---- environment and config file ------------------------------------------------------------- */

static char config_path[] = "/tmp/pilot-options-XXXXXX";

static void write_config(const char *text, size_t length)
{
    FILE *file = fopen(config_path, "w");
    fwrite(text, 1, length, file);
    fclose(file);
}

static pilot_status_t parse_config(const char *text, const char *more)
{
    write_config(text, strlen(text));
    char *line PILOT_AUTOFREE = pilot_format("--config %s %s", config_path, more);
    return parse(line);
}

/* Compare the message with "<config_path><rest>". */
static void says(const char *rest, const char *name)
{
    char *want PILOT_AUTOFREE = pilot_format("%s%s", config_path, rest);
    is_text(error.message, want, "%s", name);
}

static void test_environment(void)
{
    setenv("PILOT_TEST_WORKERS", "5", 1);
    ok(parse("") == PILOT_OK && values.workers == 5, "the environment is read");
    ok(values.workers_source == PILOT_SOURCE_ENVIRONMENT, "its source is told");
    ok(parse("--workers 6") == PILOT_OK && values.workers == 6, "a flag beats the environment");
    ok(parse_config("workers = 7\n", "") == PILOT_OK && values.workers == 5,
       "the environment beats the file");
    setenv("PILOT_TEST_WORKERS", "many", 1);
    ok(parse("") == PILOT_E_USAGE, "a bad environment variable is refused");
    is_text(error.message,
            "$PILOT_TEST_WORKERS: 'many' is not a whole number; see pilot run --help",
            "the message names the variable");
    ok(parse("--workers 6") == PILOT_OK, "a bad variable does not matter under a flag");
    setenv("PILOT_TEST_WORKERS", "", 1);
    ok(parse("") == PILOT_OK && values.workers == 4, "an empty variable counts as not set");
    unsetenv("PILOT_TEST_WORKERS");
    setenv("PILOT_TEST_FOLLOW", "no", 1);
    ok(parse("") == PILOT_OK && !values.follow, "a flag may be 'no' in the environment");
    setenv("PILOT_TEST_FOLLOW", "perhaps", 1);
    ok(parse("") == PILOT_E_USAGE, "a flag that is neither yes nor no is refused");
    is_text(error.message, "$PILOT_TEST_FOLLOW: 'perhaps' is not yes or no; see pilot run --help",
            "the message says what a flag may be");
    unsetenv("PILOT_TEST_FOLLOW");
}

static void test_file(void)
{
    ok(parse_config("# ours\n\n  dir =  /a folder # 1 \r\nworkers=7\nfollow = yes\n", "") ==
           PILOT_OK,
       "a config file is read");
    is_text(values.dir, "/a folder # 1", "a value is the rest of the line, without outer blanks");
    ok(values.workers == 7 && values.workers_source == PILOT_SOURCE_FILE && values.follow,
       "numbers and flags come from the file");
    ok(parse_config("workers = 7", "--workers 8") == PILOT_OK && values.workers == 8,
       "a flag beats the file");
    ok(parse_config("lease-ttl = 3000\n", "") == PILOT_OK,
       "a name of another program is passed over");
    setenv("PILOT_CONFIG", config_path, 1);
    write_config("workers = 9\n", 12);
    ok(parse("") == PILOT_OK && values.workers == 9, "$PILOT_CONFIG names the file too");
    unsetenv("PILOT_CONFIG");
}

static void test_bad_files(void)
{
    ok(parse_config("dir = a\nwrokers = 2\n", "") == PILOT_E_USAGE, "an unknown name is refused");
    says(":2: 'wrokers' is not an option of Pilot; did you mean 'workers'?", "with its line");
    ok(parse_config("help = yes\n", "") == PILOT_E_USAGE, "help is no setting");
    says(":1: 'help' is not an option of Pilot", "and the message says so");
    ok(parse_config("workers\n", "") == PILOT_E_USAGE, "a line without = is refused");
    says(":1: a line is 'name = value'", "and the form is told");
    ok(parse_config("\nworkers = no\n", "") == PILOT_E_USAGE, "a bad value is refused");
    says(":2: workers: 'no' is not a whole number; see pilot run --help", "with file and line");
    ok(parse("--config /nowhere/pilot.conf") == PILOT_E_FILE, "a file that is not there is told");
    is_text(error.message, "/nowhere/pilot.conf: cannot be read: No such file or directory",
            "by name and reason");
    ok(parse("--config /tmp") == PILOT_E_FILE, "a folder is no config file");
    is_text(error.message, "/tmp: cannot be read: Is a directory", "and the message says so");
    write_config("dir = \xff\n", 8);
    char *line PILOT_AUTOFREE = pilot_format("--config %s", config_path);
    ok(parse(line) == PILOT_E_FILE, "bytes that are not UTF-8 are refused");
    says(": a config file is UTF-8 text", "and the message says so");
    char *large PILOT_AUTOFREE = pilot_alloc(1, (1u << 20) + 2);
    memset(large, '#', (1u << 20) + 1);
    write_config(large, (1u << 20) + 1);
    ok(parse(line) == PILOT_E_FILE, "a file above 1 MB is refused");
    says(": a config file has at most 1 MB", "and the message says so");
}

/* ---- what is printed ------------------------------------------------------------------------- */

static char printed[8192];

static void capture(void (*print)(void))
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    dup2(fileno(file), STDOUT_FILENO);
    print();
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(file);
    printed[fread(printed, 1, sizeof printed - 1, file)] = '\0';
    fclose(file);
}

static void print_help(void)
{
    pilot_options_help(options, "pilot run PLAN.yaml DATA.csv... [options]",
                       "Everything on one machine, in one go: register, submit, launch, compute "
                       "with workers, print.\n\nExample:\n  pilot run plan.yaml data.csv");
}

static void print_version(void)
{
    static const char *const libraries[] = {"ZeroMQ 4.3.4", "GSL 2.7.1", NULL};
    pilot_options_version("pilot", libraries);
}

static void test_help(void)
{
    capture(print_help);
    ok(strncmp(printed, "Usage: pilot run PLAN.yaml DATA.csv... [options]\n", 49) == 0,
       "help begins with the usage line");
    ok(strstr(printed, "print.\n\nExample:\n  pilot run plan.yaml data.csv\n\nOptions:\n") != NULL,
       "a description keeps its own lines and indents");
    ok(strstr(printed, "  --workers N               how many workers [$PILOT_TEST_WORKERS]\n") !=
           NULL,
       "an option stands on its line with its environment variable");
    ok(strstr(printed, "  --format table|csv|json   form of the rows\n") != NULL,
       "choices stand in place of the argument's name");
    ok(strstr(printed, "  --follow                  wait [$PILOT_TEST_FOLLOW]\n") != NULL,
       "a flag has no argument");
    ok(strstr(printed, "  --config FILE ") != NULL, "--config is told by itself");
    size_t widest = 0;
    for (char *rest = printed, *line; (line = strsep(&rest, "\n"));)
        widest = strlen(line) > widest ? strlen(line) : widest;
    ok(widest <= 80, "no line is wider than 80 columns (%zu)", widest);
    capture(print_version);
    is_text(printed, "pilot " PILOT_VERSION "\nZeroMQ 4.3.4\nGSL 2.7.1\n",
            "the version names the libraries");
}

static void test_suggest(void)
{
    ok(pilot_edit_distance("", "abc") == 3, "three letters to insert");
    ok(pilot_edit_distance("kitten", "sitting") == 3, "kitten and sitting differ by three");
    ok(pilot_edit_distance("wrokers", "workers") == 1, "a swap of neighbours counts one");
    char long_word[80];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    ok(pilot_edit_distance(long_word, "a") == SIZE_MAX, "long words have no distance");
    pilot_suggest_t suggest = PILOT_SUGGEST_INIT("ouctomes");
    pilot_suggest_offer(&suggest, "arms");
    ok(!suggest.best, "a far word is not suggested");
    pilot_suggest_offer(&suggest, "outcome");
    pilot_suggest_offer(&suggest, "outcomes");
    is_text(suggest.best, "outcomes", "the nearest word is");
}

int main(void)
{
    unsetenv("PILOT_CONFIG");
    int fd = mkstemp(config_path);
    if (fd >= 0)
        close(fd);
    test_flags();
    test_sizes();
    test_refusals();
    test_environment();
    test_file();
    test_bad_files();
    test_help();
    test_suggest();
    unlink(config_path);
    return tap_done();
}

/* --help and --version: everything else on screen comes from the option table. */
#include <stdio.h>
#include <string.h>

#include "pilot/options.h"
#include "pilot/text.h"

#define SCREEN_COLUMNS 80
#define TEXT_COLUMN 28

/* Words of `text` from column `at` on, wrapped, later lines indented by `indent`. */
static void print_wrapped(const char *text, size_t at, size_t indent)
{
    bool first = true;
    while (*text) {
        if (*text == '\n') {
            printf("\n%*s", (int)indent, "");
            at = indent;
            first = true;
            text++;
            continue;
        }
        if (*text == ' ' && !first) {
            text++;
            continue;
        }
        size_t length = strcspn(text, " \n");
        if (length == 0) { /* blanks that begin a line are an example's own indent */
            length = strspn(text, " ");
            length += strcspn(text + length, " \n");
        }
        size_t width = pilot_utf8_width(text, length);
        if (!first && at + 1 + width > SCREEN_COLUMNS) {
            printf("\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        printf("%s%.*s", first ? "" : " ", (int)length, text);
        at += width + (first ? 0 : 1);
        first = false;
        text += length;
    }
    putchar('\n');
}

static void print_option(const char *name, const char *argument, const char *help,
                         const char *environment)
{
    pilot_text_t left = PILOT_TEXT_INIT, right = PILOT_TEXT_INIT;
    pilot_text_appendf(&left, "  --%s%s%s", name, argument ? " " : "", argument ? argument : "");
    pilot_text_append(&right, help ? help : "");
    if (environment)
        pilot_text_appendf(&right, " [$%s]", environment);
    fputs(left.data, stdout);
    size_t width = pilot_utf8_width(left.data, left.length);
    if (width + 2 > TEXT_COLUMN)
        printf("\n%*s", TEXT_COLUMN, "");
    else
        printf("%*s", (int)(TEXT_COLUMN - width), "");
    print_wrapped(right.data, TEXT_COLUMN, TEXT_COLUMN);
    pilot_text_clear(&left);
    pilot_text_clear(&right);
}

void pilot_options_help(const pilot_option_t *options, const char *usage, const char *description)
{
    printf("Usage: ");
    print_wrapped(usage, 7, 7);
    if (description) {
        putchar('\n');
        print_wrapped(description, 0, 0);
    }
    printf("\nOptions:\n");
    for (const pilot_option_t *o = options; o->name; o++) {
        const char *argument = o->argument ? o->argument : o->choices;
        if (!argument && o->type != PILOT_OPTION_FLAG)
            argument = o->type == PILOT_OPTION_TEXT ? "TEXT" : "N";
        print_option(o->name, o->type == PILOT_OPTION_FLAG ? NULL : argument, o->help,
                     o->environment);
    }
    print_option("config", "FILE", "read options from FILE (lines 'name = value')", "PILOT_CONFIG");
}

void pilot_options_version(const char *program, const char *const *libraries)
{
    printf("%s %s\n", program, PILOT_VERSION);
    for (; libraries && *libraries; libraries++)
        printf("%s\n", *libraries);
}

#include "convention_note.h"

#include <string.h>

#include "numbers.h"
#include "pilot/text.h"

static const char *value(const PGresult *result, int row, const char *column)
{
    int index = PQfnumber(result, column);
    return index < 0 || PQgetisnull(result, row, index) ? NULL : PQgetvalue(result, row, index);
}

static double number(const PGresult *result, int row, const char *column)
{
    double number = 0;
    pilot_number_read(value(result, row, column), &number);
    return number;
}

static char *lines(const pilot_convention_note_t *note, const PGresult *result, int row)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    if (value(result, row, "clusters")) {
        pilot_text_append(&text, "CR1: CR0 x (N-1)/(N-K) x S/(S-1), df S-1; "
                                 "CR2: by leverage, df Satterthwaite");
        if (number(result, row, "std_error") != note->stata)
            pilot_text_append(&text, "\nfixest: of block effects that are nested in clusters only "
                                     "one counts in K");
    } else {
        pilot_text_appendf(&text,
                           "HC1: HC0 x N/(N-K), %s/%.0f; HC2: squared residuals over 1 - leverage",
                           value(result, row, "n"), note->stata_df);
    }
    const char *status = value(result, row, "status");
    if (!note->estimatr && status && strcmp(status, "ok") == 0 && value(result, row, "clusters"))
        pilot_text_append(&text, "\nestimatr: CR2 is computed where the plan's std_error is auto "
                                 "or CR2");
    return pilot_text_take(&text);
}

char *pilot_convention_note_take(pilot_convention_note_t *note, const PGresult *result, int row)
{
    const char *convention = value(result, row, "convention");
    if (!convention || strcmp(convention, "plan") == 0) {
        *note = (pilot_convention_note_t){0};
    } else if (strcmp(convention, "estimatr") == 0) {
        note->estimatr = true;
    } else if (strcmp(convention, "stata") == 0) {
        note->stata = number(result, row, "std_error");
        note->stata_df = number(result, row, "df");
    } else {
        return lines(note, result, row);
    }
    return NULL;
}

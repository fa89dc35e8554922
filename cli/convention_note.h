/* convention_note.h - why the conventions of one effect differ, in lines for people. */
#ifndef PILOT_CLI_CONVENTION_NOTE_H
#define PILOT_CLI_CONVENTION_NOTE_H

#include <libpq-fe.h>
#include <stdbool.h>

/* What the rows of an effect have told so far.  Begins zeroed. */
typedef struct pilot_convention_note {
    double stata, stata_df;
    bool estimatr;
} pilot_convention_note_t;

/* Takes the next row of results.conventions, in its order.  The lines, parted by '\n', with an
 * effect's last row (caller frees); else NULL. */
char *pilot_convention_note_take(pilot_convention_note_t *note, const PGresult *result, int row);

#endif

/* measure.h - how wide text is, by a table of advance widths, and how to shorten or break it.
 * Fonts differ by machine: the table is Helvetica's, a seventh wider, so that wider ones fit too.
 */
#ifndef PILOT_PICTURE_MEASURE_H
#define PILOT_PICTURE_MEASURE_H

#include <stddef.h>

#include "pilot/text.h"

/* Classes of text in the style, with their sizes. */
typedef enum face {
    FACE_TEXT,  /* "t" */
    FACE_BOLD,  /* "b" */
    FACE_SMALL, /* "s" */
    FACE_TITLE, /* "h" */
    FACES
} face_t;

const char *face_class(face_t face);
double face_size(face_t face);

/* The code point at text[*offset], which moves on; U+FFFD for what is no UTF-8 or no XML. */
uint32_t next_code(const char *text, size_t *offset);

double text_width(face_t face, const char *text);
double bytes_width(face_t face, const char *text, size_t length);
/* The bytes of text that fit: all of them, or so many that an ellipsis fits behind. */
size_t text_fit(face_t face, const char *text, double width);
/* The bytes of the first line when text is broken at blanks (inside a word when one is too long).
 */
size_t text_line(face_t face, const char *text, double width);

#endif

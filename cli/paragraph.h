/* paragraph.h - text for people, broken into lines at blanks. */
#ifndef PILOT_CLI_PARAGRAPH_H
#define PILOT_CLI_PARAGRAPH_H

#include <stddef.h>

/* Lines of at most `width` columns (at least 24; a longer word has a line of its own), the first
 * indented by `first` blanks, the others by `rest`; no newline at the end; control characters shown
 * as '?'.  Caller frees. */
char *pilot_paragraph(const char *text, int width, size_t first, size_t rest);

#endif

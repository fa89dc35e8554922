#include "paragraph.h"

#include <string.h>

#include "pilot/text.h"

static void append_blanks(pilot_text_t *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pilot_text_append_char(lines, ' ');
}

static void append_word(pilot_text_t *lines, const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        pilot_text_append_char(lines,
                               (unsigned char)word[i] < ' ' || word[i] == 0x7f ? '?' : word[i]);
}

char *pilot_paragraph(const char *text, int width, size_t first, size_t rest)
{
    size_t room = width > 24 ? (size_t)width : 24, line = first;
    bool fresh = true; /* the line has no word yet */
    pilot_text_t lines = PILOT_TEXT_INIT;
    pilot_text_append(&lines, "");
    append_blanks(&lines, first);
    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " "), columns = pilot_utf8_width(word, length);
        if (!fresh && line + 1 + columns > room) {
            pilot_text_append_char(&lines, '\n');
            append_blanks(&lines, rest);
            line = rest;
            fresh = true;
        }
        if (!fresh) {
            pilot_text_append_char(&lines, ' ');
            line++;
        }
        append_word(&lines, word, length);
        line += columns;
        fresh = false;
        word += length + (word[length] == ' ');
    }
    return pilot_text_take(&lines);
}

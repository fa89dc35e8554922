#include "measure.h"

#include <stdint.h>
#include <string.h>

static const struct {
    const char *class;
    double size, stretch;
} faces[FACES] = {
    [FACE_TEXT] = {"t", 13, 1},
    [FACE_BOLD] = {"b", 13, 1.08},
    [FACE_SMALL] = {"s", 12, 1},
    [FACE_TITLE] = {"h", 16, 1.08},
};

/* Helvetica's advance widths of U+0020 .. U+007E in thousandths of the size. */
static const uint16_t helvetica[95] = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584};

/* Others by range; what stands in none of them is 700 wide. */
static const struct {
    uint32_t first, last;
    uint16_t width;
} ranges[] = {
    {0x00A0, 0x00A0, 278},    {0x00AD, 0x00AD, 0},      {0x00C0, 0x00DE, 740},
    {0x00DF, 0x024F, 620},    {0x0300, 0x036F, 0},      {0x0370, 0x03FF, 640},
    {0x0400, 0x0482, 700},    {0x0483, 0x0489, 0},      {0x048A, 0x052F, 700},
    {0x0591, 0x05BD, 0},      {0x05BE, 0x05FF, 600},    {0x0610, 0x061A, 0},
    {0x064B, 0x065F, 0},      {0x0620, 0x06FF, 600},    {0x093C, 0x093C, 0},
    {0x0941, 0x094D, 0},      {0x0E31, 0x0E31, 0},      {0x0E34, 0x0E3A, 0},
    {0x0E47, 0x0E4E, 0},      {0x1100, 0x115F, 1000},   {0x1AB0, 0x1AFF, 0},
    {0x1DC0, 0x1DFF, 0},      {0x2009, 0x200A, 200},    {0x200B, 0x200F, 0},
    {0x2010, 0x2013, 556},    {0x2014, 0x2015, 1000},   {0x2018, 0x2019, 222},
    {0x201C, 0x201D, 333},    {0x2026, 0x2026, 1000},   {0x202A, 0x202E, 0},
    {0x2060, 0x206F, 0},      {0x2070, 0x209C, 400},    {0x20D0, 0x20FF, 0},
    {0x2190, 0x21FF, 1000},   {0x2212, 0x2212, 584},    {0x221E, 0x221E, 800},
    {0x2E80, 0xA4CF, 1000},   {0xA960, 0xA97F, 1000},   {0xAC00, 0xD7A3, 1000},
    {0xF900, 0xFAFF, 1000},   {0xFE00, 0xFE0F, 0},      {0xFE20, 0xFE2F, 0},
    {0xFE30, 0xFE6F, 1000},   {0xFF00, 0xFF60, 1000},   {0xFFE0, 0xFFE6, 1000},
    {0x1F000, 0x1FAFF, 1200}, {0x20000, 0x3FFFD, 1000}, {0xE0000, 0xE01EF, 0},
};

const char *face_class(face_t face)
{
    return faces[face].class;
}

double face_size(face_t face)
{
    return faces[face].size;
}

uint32_t next_code(const char *text, size_t *offset)
{
    const unsigned char *byte = (const unsigned char *)text + *offset;
    size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3 : 4;
    uint32_t code = length == 1 ? byte[0] : byte[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xC0) != 0x80 || byte[0] < 0xC2 || byte[0] > 0xF4) {
            ++*offset;
            return 0xFFFD;
        }
        code = code << 6 | (byte[i] & 0x3Fu);
    }
    *offset += length;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool bad = code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ||
               code == 0xFFFE || code == 0xFFFF ||
               (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
               (code >= 0x7F && code < 0xA0);
    return bad ? 0xFFFD : code;
}

static double code_width(uint32_t code)
{
    if (code >= 0x20 && code < 0x7F)
        return helvetica[code - 0x20];
    if (code < 0x20)
        return helvetica[0];
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return ranges[i].width;
    return 700;
}

double bytes_width(face_t face, const char *text, size_t length)
{
    double width = 0;
    for (size_t offset = 0; offset < length && text[offset];)
        width += code_width(next_code(text, &offset));
    return width * 1.14e-3 * faces[face].size * faces[face].stretch;
}

double text_width(face_t face, const char *text)
{
    return bytes_width(face, text, strlen(text));
}

/* Bytes up to the last whole character (with what combines with it) within width. */
static size_t whole_characters(face_t face, const char *text, double width)
{
    double used = 0, scale = 1.14e-3 * faces[face].size * faces[face].stretch;
    size_t good = 0;
    bool joined = false;
    for (size_t offset = 0; text[offset];) {
        size_t before = offset;
        uint32_t code = next_code(text, &offset);
        double more = code_width(code) * scale;
        if (more > 0 && !joined)
            good = before;
        used += more;
        if (used > width + 1e-9)
            return good;
        joined = code == 0x200D;
    }
    return strlen(text);
}

size_t text_fit(face_t face, const char *text, double width)
{
    if (text_width(face, text) <= width)
        return strlen(text);
    size_t length = whole_characters(face, text, width - text_width(face, "\u2026"));
    while (length > 0 && text[length - 1] == ' ')
        length--;
    return length;
}

size_t text_line(face_t face, const char *text, double width)
{
    size_t most = whole_characters(face, text, width), length = most;
    if (text[most] == '\0')
        return most;
    if (text[most] == ' ')
        return most;
    while (length > 0 && text[length - 1] != ' ')
        length--;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    if (length > 0)
        return length;
    if (most > 0)
        return most;
    next_code(text, &most); /* narrower than a character: one, so that it ends */
    return most;
}

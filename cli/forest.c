#include "forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/digits.h"
#include "pilot/memory.h"
#include "pilot/text.h"

typedef struct scale {
    double low, high, null, heaviest;
    bool any, log_scale;
} scale_t;

struct pilot_forest {
    bool utf8;
    pilot_forest_row_t *row;
    size_t *group; /* of each row, from 1 */
    size_t rows, row_capacity, group_capacity, groups;
    /* Of the group that was drawn last; 0: of none. */
    size_t scaled;
    scale_t scale;
};

pilot_forest_t *pilot_forest_new(bool utf8)
{
    pilot_forest_t *forest = PILOT_NEW(pilot_forest_t);
    forest->utf8 = utf8;
    return forest;
}

void pilot_forest_free(pilot_forest_t *forest)
{
    if (!forest)
        return;
    free(forest->row);
    free(forest->group);
    free(forest);
}

void pilot_forest_add(pilot_forest_t *forest, const pilot_forest_row_t *row, bool new_group)
{
    size_t count = forest->rows + 1;
    forest->row = pilot_grow(forest->row, &forest->row_capacity, count, sizeof *forest->row);
    forest->group = pilot_grow(forest->group, &forest->group_capacity, count, sizeof(size_t));
    forest->groups += new_group || forest->rows == 0;
    forest->row[forest->rows] = *row;
    forest->group[forest->rows++] = forest->groups;
    forest->scaled = 0;
}

static bool is_drawn(const pilot_forest_row_t *row)
{
    return row->estimate.given && isfinite(row->estimate.value);
}

bool pilot_forest_has(const pilot_forest_t *forest, size_t row)
{
    return row < forest->rows && is_drawn(&forest->row[row]);
}

/* ---- the scale of a group ----------------------------------------------------------------------
 */

static void widen(double *low, double *high, pilot_number_t number)
{
    if (!number.given || !isfinite(number.value))
        return;
    *low = fmin(*low, number.value);
    *high = fmax(*high, number.value);
}

static bool has_interval(const pilot_forest_row_t *row)
{
    return row->low.given && row->high.given;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The interval in the middle, by length; 0: there is none. */
static double usual_length(const pilot_forest_row_t *row, size_t rows)
{
    double *length PILOT_AUTOFREE = pilot_alloc_raw(rows + 1, sizeof *length);
    size_t count = 0;
    for (size_t i = 0; i < rows; i++)
        if (is_drawn(&row[i]) && has_interval(&row[i]))
            length[count++] = row[i].high.value - row[i].low.value;
    qsort(length, count, sizeof *length, by_size);
    return count ? length[count / 2] : 0;
}

/* Everything fits but intervals that reach further out than is usual: they end in arrows. */
static scale_t scale_of(const pilot_forest_row_t *row, size_t rows)
{
    scale_t scale = {.low = row->null, .high = row->null, .null = row->null};
    double low = INFINITY, high = -INFINITY;
    scale.log_scale = row->log_scale;
    for (size_t i = 0; i < rows; i++) {
        if (!is_drawn(&row[i]))
            continue;
        scale.any = true;
        scale.heaviest = fmax(scale.heaviest, row[i].weight);
        widen(&scale.low, &scale.high, row[i].estimate);
        if (row[i].reach != 0)
            widen(&scale.low, &scale.high, PILOT_GIVEN(row[i].reach));
        widen(&scale.low, &scale.high, row[i].shrunken);
        widen(&scale.low, &scale.high, row[i].predicted_low);
        widen(&scale.low, &scale.high, row[i].predicted_high);
        widen(&low, &high, row[i].low);
        widen(&low, &high, row[i].high);
    }
    double room = fmax(scale.high - scale.low, usual_length(row, rows));
    scale.low = fmin(scale.low, fmax(low, scale.low - room));
    scale.high = fmax(scale.high, fmin(high, scale.high + room));
    if (!(scale.high > scale.low)) {
        scale.low -= 1;
        scale.high += 1;
    }
    return scale;
}

static scale_t group_scale(pilot_forest_t *forest, size_t row)
{
    if (forest->scaled == forest->group[row])
        return forest->scale;
    size_t first = row, end = row + 1;
    while (first > 0 && forest->group[first - 1] == forest->group[row])
        first--;
    while (end < forest->rows && forest->group[end] == forest->group[row])
        end++;
    forest->scaled = forest->group[row];
    forest->scale = scale_of(forest->row + first, end - first);
    return forest->scale;
}

/* In half columns: 0 .. 2 width - 1, beyond them -1 or 2 width. */
static long half_at(const scale_t *scale, double value, size_t width)
{
    double halves = 2 * (double)width;
    double at = (value - scale->low) / (scale->high - scale->low) * (halves - 1) + 0.5;
    if (at < 0)
        return -1;
    return at >= halves ? (long)halves : (long)floor(at);
}

static size_t column_at(const scale_t *scale, double value, size_t width)
{
    long half = half_at(scale, value, width);
    return half < 0 ? 0 : half >= 2 * (long)width ? width - 1 : (size_t)half / 2;
}

/* ---- drawing -----------------------------------------------------------------------------------
 */

typedef struct signs {
    const char *null, *line, *line_left, *line_right, *line_null;
    const char *answer, *answer_left, *answer_right, *answer_null, *pooled;
    const char *predicted, *shrunken, *further_left, *further_right;
    const char *height[6];
    const char *axis;
} signs_t;

static const signs_t blocks = {.null = "│",
                               .line = "─",
                               .line_left = "╴",
                               .line_right = "╶",
                               .line_null = "┼",
                               .answer = "━",
                               .answer_left = "╸",
                               .answer_right = "╺",
                               .answer_null = "┿",
                               .pooled = "◆",
                               .predicted = "┄",
                               .shrunken = "◦",
                               .further_left = "←",
                               .further_right = "→",
                               .height = {"▃", "▄", "▅", "▆", "▇", "█"},
                               .axis = "─"};
static const signs_t ascii = {.null = "|",
                              .line = "-",
                              .line_left = "-",
                              .line_right = "-",
                              .line_null = "+",
                              .answer = "=",
                              .answer_left = "=",
                              .answer_right = "=",
                              .answer_null = "+",
                              .pooled = "#",
                              .predicted = ".",
                              .shrunken = "*",
                              .further_left = "<",
                              .further_right = ">",
                              .height = {"o", "o", "o", "O", "O", "O"},
                              .axis = "."};

static void draw_predicted(const pilot_forest_row_t *row, const scale_t *scale,
                           const signs_t *signs, const char **cell, size_t width)
{
    if (!row->predicted_low.given || !row->predicted_high.given)
        return;
    size_t from = column_at(scale, row->predicted_low.value, width);
    size_t to = column_at(scale, row->predicted_high.value, width);
    for (size_t i = from; i <= to; i++)
        if (!cell[i])
            cell[i] = signs->predicted;
}

static void draw_interval(const pilot_forest_row_t *row, const scale_t *scale, const signs_t *signs,
                          const char **cell, size_t width)
{
    if (!has_interval(row))
        return;
    long from = half_at(scale, row->low.value, width), to = half_at(scale, row->high.value, width);
    long last = 2 * (long)width - 1;
    size_t null = column_at(scale, scale->null, width);
    for (long i = from < 0 ? 0 : from / 2; i <= (to > last ? last : to) / 2; i++) {
        bool late = i == from / 2 && from % 2 == 1, early = i == to / 2 && to % 2 == 0;
        const char *line = row->pooled ? signs->answer : signs->line;
        if (late && !early)
            line = row->pooled ? signs->answer_right : signs->line_right;
        else if (early && !late)
            line = row->pooled ? signs->answer_left : signs->line_left;
        else if ((size_t)i == null)
            line = row->pooled ? signs->answer_null : signs->line_null;
        cell[i] = line;
    }
    if (from < 0)
        cell[0] = signs->further_left;
    if (to > last)
        cell[width - 1] = signs->further_right;
}

static const char *mark_of(const pilot_forest_row_t *row, const scale_t *scale,
                           const signs_t *signs)
{
    enum { HEIGHTS = 6 };
    if (row->pooled)
        return signs->pooled;
    if (!(row->weight > 0) || !(scale->heaviest > 0))
        return signs->height[HEIGHTS / 2];
    int height = (int)ceil(HEIGHTS * row->weight / scale->heaviest);
    return signs->height[height < 1 ? 0 : height > HEIGHTS ? HEIGHTS - 1 : height - 1];
}

static char *join(const char *const *cell, size_t width)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    for (size_t i = 0; i < width; i++)
        pilot_text_append(&text, cell[i] ? cell[i] : " ");
    return pilot_text_take(&text);
}

char *pilot_forest_draw(pilot_forest_t *forest, size_t row, size_t width)
{
    if (!pilot_forest_has(forest, row))
        return NULL;
    const pilot_forest_row_t *one = &forest->row[row];
    const signs_t *signs = forest->utf8 ? &blocks : &ascii;
    scale_t scale = group_scale(forest, row);
    const char **cell PILOT_AUTOFREE = PILOT_NEW_ARRAY(const char *, width);
    cell[column_at(&scale, scale.null, width)] = signs->null;
    draw_predicted(one, &scale, signs, cell, width);
    draw_interval(one, &scale, signs, cell, width);
    if (one->shrunken.given)
        cell[column_at(&scale, one->shrunken.value, width)] = signs->shrunken;
    cell[column_at(&scale, one->estimate.value, width)] = mark_of(one, &scale, signs);
    return join(cell, width);
}

/* ---- the axis ----------------------------------------------------------------------------------
 */

/* Caller frees. */
static char *label_of(const scale_t *scale, double value)
{
    if (value == scale->null)
        return pilot_format("%g", scale->log_scale ? exp(value) : value);
    if (scale->log_scale)
        return pilot_format("%.2g", exp(value));
    return pilot_fixed(value, pilot_decimals((scale->high - scale->low) / 4));
}

/* Free to write at, with a blank on either side? */
static bool is_free(const char *line, size_t width, size_t at, size_t length)
{
    if (at + length > width)
        return false;
    for (size_t i = at > 0 ? at - 1 : 0; i < at + length + 1 && i < width; i++)
        if (line[i])
            return false;
    return true;
}

static void put_label(char *line, size_t width, size_t at, const char *label)
{
    size_t length = strlen(label);
    if (!is_free(line, width, at, length))
        return;
    if (at > 0)
        line[at - 1] = ' ';
    for (size_t i = 0; i < length; i++)
        line[at + i] = label[i];
    if (at + length < width)
        line[at + length] = ' ';
}

char *pilot_forest_axis(pilot_forest_t *forest, size_t row, size_t width)
{
    if (row >= forest->rows ||
        (row + 1 < forest->rows && forest->group[row + 1] == forest->group[row]))
        return NULL;
    scale_t scale = group_scale(forest, row);
    if (!scale.any)
        return NULL;
    char *none PILOT_AUTOFREE = label_of(&scale, scale.null);
    char *low PILOT_AUTOFREE = label_of(&scale, scale.low);
    char *high PILOT_AUTOFREE = label_of(&scale, scale.high);
    char *line PILOT_AUTOFREE = PILOT_NEW_ARRAY(char, width + 1);
    size_t null = column_at(&scale, scale.null, width), length = strlen(none);
    size_t at = null > length / 2 ? null - length / 2 : 0;
    put_label(line, width, at + length > width ? width - length : at, none);
    put_label(line, width, 0, low);
    put_label(line, width, width > strlen(high) ? width - strlen(high) : 0, high);
    pilot_text_t text = PILOT_TEXT_INIT;
    for (size_t i = 0; i < width; i++)
        if (line[i])
            pilot_text_append_char(&text, line[i]);
        else
            pilot_text_append(&text, forest->utf8 ? blocks.axis : ascii.axis);
    return pilot_text_take(&text);
}

char *pilot_forest_legend(const pilot_forest_t *forest)
{
    const signs_t *signs = forest->utf8 ? &blocks : &ascii;
    bool agency = false, weight = false, shrunken = false, pooled = false, predicted = false;
    for (size_t i = 0; i < forest->rows; i++) {
        const pilot_forest_row_t *row = &forest->row[i];
        if (!is_drawn(row))
            continue;
        agency |= !row->pooled;
        pooled |= row->pooled;
        weight |= !row->pooled && row->weight > 0;
        shrunken |= row->shrunken.given;
        predicted |= row->predicted_low.given && row->predicted_high.given;
    }
    pilot_text_t text = PILOT_TEXT_INIT;
    if (agency && weight)
        pilot_text_appendf(&text, "%s-%s effect by weight, ", signs->height[0], signs->height[5]);
    else if (agency)
        pilot_text_appendf(&text, "%s effect, ", signs->height[3]);
    if (agency)
        pilot_text_appendf(&text, "%s interval, ", signs->line);
    if (shrunken)
        pilot_text_appendf(&text, "%s shrunken, ", signs->shrunken);
    if (pooled)
        pilot_text_appendf(&text, "%s pooled, %s interval, ", signs->pooled, signs->answer);
    if (predicted)
        pilot_text_appendf(&text, "%s prediction, ", signs->predicted);
    if (text.length >= 2)
        text.data[text.length -= 2] = '\0';
    return pilot_text_take(&text);
}

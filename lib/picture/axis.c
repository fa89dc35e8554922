#include "axis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* units * 10^exponent to the last bit, as the shortest text that reads back. */
static void tick_label(char label[PILOT_DOUBLE_SIZE], long long units, int exponent)
{
    char exact[48], plain[PILOT_DOUBLE_SIZE];
    snprintf(exact, sizeof(exact), "%llde%d", llabs(units), exponent);
    pilot_double_format(strtod(exact, NULL), plain);
    snprintf(label, PILOT_DOUBLE_SIZE, "%s%.24s", units < 0 ? "\u2212" : "", plain);
}

static bool add_tick(axis_t *axis, double value, const char *label)
{
    if (axis->ticks == MOST_TICKS)
        return false;
    axis->tick[axis->ticks].value = value;
    snprintf(axis->tick[axis->ticks].label, PILOT_DOUBLE_SIZE, "%s", label);
    axis->ticks++;
    return true;
}

/* Steps of 1, 2 or 5 times a power of ten. */
static void linear_ticks(axis_t *axis, double most, bool round)
{
    double rough = (axis->high - axis->low) / fmax(most, 1);
    int exponent = (int)floor(log10(rough));
    int digit = 10;
    for (const int *d = (const int[]){1, 2, 5, 10}; digit == 10 && *d < 10; d++)
        if (*d * pow(10, exponent) >= rough * (1 - 1e-9))
            digit = *d;
    if (digit == 10) {
        digit = 1;
        exponent++;
    }
    double step = digit * pow(10, exponent);
    long long first = (long long)ceil(axis->low / step - 1e-9);
    long long last = (long long)floor(axis->high / step + 1e-9);
    if (round) {
        first = (long long)floor(axis->low / step + 1e-9);
        last = (long long)ceil(axis->high / step - 1e-9);
        axis->low = (double)first * step;
        axis->high = (double)last * step;
    }
    for (long long i = first; i <= last && last - first < MOST_TICKS; i++) {
        char label[PILOT_DOUBLE_SIZE];
        tick_label(label, i * digit, exponent);
        add_tick(axis, (double)i * step, label);
    }
    /* Told to a fifth of a step or finer. */
    int decimals = digit == 5 ? -exponent : 1 - exponent;
    axis->decimals = decimals < 0 ? 0 : decimals > 7 ? 7 : decimals;
}

/* Ratios 1, 2, 5 and so on of each power of ten, as many as there is room for. */
static size_t ratio_ticks_of(axis_t *axis, const int *digit, int every)
{
    axis->ticks = 0;
    int lowest = (int)floor(axis->low / log(10)), highest = (int)ceil(axis->high / log(10));
    for (int exponent = lowest; exponent <= highest; exponent++) {
        if (exponent % every != 0)
            continue;
        for (const int *d = digit; *d > 0; d++) {
            double value = log(*d) - log(10) + (exponent + 1) * log(10);
            if (*d == 1 && exponent == 0)
                value = 0;
            if (value < axis->low - 1e-9 || value > axis->high + 1e-9)
                continue;
            char label[PILOT_DOUBLE_SIZE];
            if (abs(exponent) > 4)
                snprintf(label, sizeof(label), *d == 1 ? "1e%d" : "%de%d", *d == 1 ? exponent : *d,
                         exponent);
            else
                tick_label(label, *d, exponent);
            if (!add_tick(axis, value, label))
                return MOST_TICKS + 1;
        }
    }
    return axis->ticks;
}

static void ratio_ticks(axis_t *axis, double most)
{
    static const int fine[] = {1, 2, 3, 4, 5, 6, 8, 0}, some[] = {1, 2, 3, 5, 0},
                     few[] = {1, 2, 5, 0}, one[] = {1, 0};
    static const struct {
        const int *digit;
        int every;
    } choice[] = {{fine, 1}, {some, 1}, {few, 1},  {one, 1},
                  {one, 2},  {one, 5},  {one, 20}, {one, 100}};
    axis->decimals = 2;
    if (axis->high - axis->low <
        log(2.2)) { /* so narrow that steps of the ratio itself are round */
        axis_t plain = {.low = exp(axis->low), .high = exp(axis->high)};
        linear_ticks(&plain, most, false);
        axis->decimals = plain.decimals > 2 ? plain.decimals : 2;
        for (size_t i = 0; i < plain.ticks; i++)
            add_tick(axis, log(plain.tick[i].value), plain.tick[i].label);
        return;
    }
    for (size_t i = 0; i < sizeof(choice) / sizeof(choice[0]); i++)
        if ((double)ratio_ticks_of(axis, choice[i].digit, choice[i].every) <= most + 1)
            return;
}

void axis_set(axis_t *axis, double low, double high, double from, double to, double apart,
              bool ratio, bool round)
{
    *axis = (axis_t){.from = from, .to = to, .factor = 1, .ratio = ratio};
    if (!isfinite(low) || !isfinite(high)) {
        low = -1;
        high = 1;
    }
    double largest = fmax(fabs(low), fabs(high));
    if (!ratio && largest > 0 && (largest >= 1e5 || largest < 1e-3)) {
        axis->exponent = 3 * (int)floor(log10(largest) / 3);
        if (axis->exponent < -300)
            axis->exponent = -300;
        axis->factor = pow(10, axis->exponent);
    }
    if (ratio) { /* what is beyond has no digits any more */
        low = fmin(fmax(low, -600), 600);
        high = fmin(fmax(high, -600), 600);
    }
    axis->low = low / axis->factor;
    axis->high = high / axis->factor;
    /* Closer than this there are no digits between the ends, of a ratio none about 1. */
    double least = fmax(fabs(axis->low), fabs(axis->high)) * 1e-9;
    if (ratio)
        least = fmax(least, 1e-7);
    if (!(axis->high - axis->low > least)) {
        double half = ratio ? log(2) : fmax(fabs(axis->low) * 0.1, fmin(1, 1 / axis->factor));
        if (!(half > 0) || axis->low == 0)
            half = 1;
        axis->low -= half;
        axis->high += half;
    }
    double most = fmin(fmax(fabs(to - from) / apart, 2), MOST_TICKS - 4);
    if (ratio)
        ratio_ticks(axis, most);
    else
        linear_ticks(axis, most, round);
}

double axis_at(const axis_t *axis, double value)
{
    double place = (value / axis->factor - axis->low) / (axis->high - axis->low);
    if (!(place > 0)) /* also what is no number: none is drawn */
        place = 0;
    return axis->from + fmin(place, 1) * (axis->to - axis->from);
}

bool axis_holds(const axis_t *axis, double value)
{
    double slack = (axis->high - axis->low) * 1e-9;
    return isfinite(value) && value / axis->factor >= axis->low - slack &&
           value / axis->factor <= axis->high + slack;
}

void axis_number(const axis_t *axis, pilot_text_t *text, double value)
{
    if (!axis->ratio || !isfinite(value)) {
        if (axis->ratio && value < 0) /* the ratio 0 */
            pilot_text_append_char(text, '0');
        else
            pilot_picture_number(text, value / axis->factor, axis->decimals);
        return;
    }
    double ratio = exp(value);
    if (!isfinite(ratio) || ratio >= 1e5 || ratio < 1e-4)
        pilot_text_appendf(text, "%.1e", ratio);
    else if (ratio >= 99.95)
        pilot_picture_number(text, ratio, 0);
    else
        pilot_picture_number(text, ratio, ratio < 0.1 ? axis->decimals + 1 : axis->decimals);
}

void axis_factor(const axis_t *axis, pilot_text_t *text)
{
    static const char *const raised[] = {"\u2070", "\u00B9", "\u00B2", "\u00B3", "\u2074",
                                         "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    if (axis->exponent == 0)
        return;
    pilot_text_append(text, " (\u00D7 10");
    if (axis->exponent < 0)
        pilot_text_append(text, "\u207B");
    char digits[16];
    snprintf(digits, sizeof(digits), "%d", abs(axis->exponent));
    for (const char *d = digits; *d; d++)
        pilot_text_append(text, raised[*d - '0']);
    pilot_text_append_char(text, ')');
}

static double tick_place(const axis_t *axis, size_t i)
{
    return axis_at(axis, axis->tick[i].value * axis->factor);
}

void draw_axis_grid(canvas_t *canvas, const axis_t *axis, double top, double bottom)
{
    pilot_text_append(&canvas->body, "<path class=\"gr\" d=\"");
    for (size_t i = 0; i < axis->ticks; i++) {
        put_pair(&canvas->body, "M", tick_place(axis, i), top);
        pilot_text_append_char(&canvas->body, 'V');
        put_number(&canvas->body, bottom);
    }
    pilot_text_append(&canvas->body, "\"/>\n");
}

void draw_axis_below(canvas_t *canvas, const axis_t *axis, double y)
{
    pilot_text_append(&canvas->body, "<path class=\"ax\" d=\"");
    put_pair(&canvas->body, "M", axis->from, y);
    pilot_text_append_char(&canvas->body, 'H');
    put_number(&canvas->body, axis->to);
    for (size_t i = 0; i < axis->ticks; i++) {
        put_pair(&canvas->body, "M", tick_place(axis, i), y);
        pilot_text_append(&canvas->body, "v5");
    }
    pilot_text_append(&canvas->body, "\"/>\n");
    double used = -1e9;
    for (size_t i = 0; i < axis->ticks; i++) {
        double half = text_width(FACE_SMALL, axis->tick[i].label) / 2, x = tick_place(axis, i);
        x = fmin(fmax(x, half), canvas->width - half);
        if (x - half < used + 5)
            continue;
        used = x + half;
        draw_text(canvas, FACE_SMALL, ANCHOR_MIDDLE, x, y + 18, 0, axis->tick[i].label);
    }
}

double axis_label_width(const axis_t *axis)
{
    double width = 0;
    for (size_t i = 0; i < axis->ticks; i++)
        width = fmax(width, text_width(FACE_SMALL, axis->tick[i].label));
    return width;
}

void draw_axis_left(canvas_t *canvas, const axis_t *axis, double x, double right)
{
    pilot_text_append(&canvas->body, "<path class=\"gr\" d=\"");
    for (size_t i = 0; i < axis->ticks; i++) {
        put_pair(&canvas->body, "M", x, tick_place(axis, i));
        pilot_text_append_char(&canvas->body, 'H');
        put_number(&canvas->body, right);
    }
    pilot_text_append(&canvas->body, "\"/>\n");
    draw_line(canvas, "ax", x, axis->from, x, axis->to);
    for (size_t i = 0; i < axis->ticks; i++)
        draw_text(canvas, FACE_SMALL, ANCHOR_END, x - 6, tick_place(axis, i) + 4, 0,
                  axis->tick[i].label);
}

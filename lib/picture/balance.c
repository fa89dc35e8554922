/* balance.c - standardized differences of covariates between arms (a "Love plot"). */
#include <math.h>
#include <string.h>

#include "plot.h"
#include "pilot/memory.h"

typedef struct names {
    const char **name;
    size_t count;
} names_t;

static size_t name_index(names_t *names, const char *name)
{
    name = name ? name : "";
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return i;
    names->name[names->count] = name;
    return names->count++;
}

static bool given(const pilot_picture_balance_point_t *point)
{
    return point->mark == 0 && number_finite(point->difference);
}

static double widest_difference(const pilot_picture_balance_t *balance, double band)
{
    double most = 2.5 * band;
    for (size_t i = 0; i < balance->points; i++)
        if (given(&balance->point[i]))
            most = fmax(most, fabs(balance->point[i].difference.value) * 1.08);
    return fmin(most, 3); /* further is an arrow */
}

typedef struct love {
    const pilot_picture_balance_t *balance;
    names_t covariates, arms;
    axis_t axis;
    double label, row;
} love_t;

static void put_points(pilot_text_t *text, const love_t *love, size_t covariate,
                       const names_t *arms)
{
    pilot_text_append(text, love->covariates.name[covariate]);
    for (size_t i = 0; i < love->balance->points; i++) {
        const pilot_picture_balance_point_t *point = &love->balance->point[i];
        if (strcmp(point->covariate ? point->covariate : "", love->covariates.name[covariate]) != 0)
            continue;
        pilot_text_append(text, arms->count > 1 ? "; " : ": ");
        if (arms->count > 1)
            pilot_text_appendf(text, "%s ", point->arm ? point->arm : "");
        if (given(point))
            pilot_picture_number(text, point->difference.value, 3);
        else
            pilot_text_append(text, missing_words(point->mark, NULL));
    }
}

static void draw_covariate(canvas_t *canvas, love_t *love, size_t covariate)
{
    const char *name = love->covariates.name[covariate], *missing = NULL;
    double y = canvas->narrow ? canvas->y + 25 : canvas->y + love->row / 2;
    bool any = false;
    draw_line(canvas, "gr", love->axis.from, y, love->axis.to, y);
    for (size_t i = 0; i < love->balance->points; i++) {
        const pilot_picture_balance_point_t *point = &love->balance->point[i];
        if (strcmp(point->covariate ? point->covariate : "", name) != 0)
            continue;
        if (!given(point)) {
            missing = missing_words(point->mark, NULL);
            continue;
        }
        size_t arm = name_index(&love->arms, point->arm);
        double value = point->difference.value, x = axis_at(&love->axis, value);
        char class[8];
        series_class(class, 'f', arm);
        if (axis_holds(&love->axis, value))
            draw_shape(canvas, class, arm, x, y, 9);
        else
            draw_arrow(canvas, class, x, y, value > 0 ? 1 : -1);
        any = true;
    }
    if (!any)
        draw_line(canvas, "mi", love->axis.from, y, love->axis.to, y);
    double base = canvas->narrow ? canvas->y + 14 : y + 4.5;
    double words = missing ? text_width(FACE_SMALL, missing) : 0;
    draw_text(canvas, FACE_TEXT, ANCHOR_START, 0, base,
              canvas->narrow ? canvas->width - words - 8 : love->label, name[0] ? name : "?");
    if (missing)
        draw_text(canvas, FACE_SMALL, ANCHOR_END, canvas->width, base, 0, missing);
    canvas->y += love->row;
}

static void draw_balance(canvas_t *canvas, love_t *love, double band)
{
    bool missing = false;
    double most = widest_difference(love->balance, band);
    for (size_t i = 0; i < love->balance->points; i++) {
        name_index(&love->covariates, love->balance->point[i].covariate);
        name_index(&love->arms, love->balance->point[i].arm);
        missing = missing || !given(&love->balance->point[i]);
    }
    for (size_t i = 0; i < love->covariates.count; i++)
        love->label = fmax(love->label, text_width(FACE_TEXT, love->covariates.name[i]));
    love->label = fmin(fmax(love->label, 80), canvas->width * 0.32);
    love->row = canvas->narrow ? 36 : 24;
    axis_set(&love->axis, -most, most, canvas->narrow ? 8 : love->label + 16,
             canvas->narrow || !missing ? canvas->width - 10 : canvas->width - 140,
             canvas->narrow ? 62 : 80, false, false);
    double bottom = canvas->y + love->row * (double)love->covariates.count + 4, top = canvas->y;
    double from = axis_at(&love->axis, -band);
    draw_box(canvas, "bd", from, top, axis_at(&love->axis, band) - from, bottom - top);
    draw_axis_grid(canvas, &love->axis, top, bottom);
    draw_line(canvas, "nu", axis_at(&love->axis, 0), top, axis_at(&love->axis, 0), bottom);
    pilot_text_t title = PILOT_TEXT_INIT;
    for (size_t i = 0; i < love->covariates.count; i++) {
        pilot_text_reset(&title);
        put_points(&title, love, i, &love->arms);
        open_group(canvas, i, title.data);
        draw_covariate(canvas, love, i);
        close_group(canvas);
    }
    pilot_text_clear(&title);
    draw_axis_below(canvas, &love->axis, bottom);
    canvas->y = bottom + 24;
    double middle = (love->axis.from + love->axis.to) / 2;
    canvas->y += draw_lines(canvas, FACE_BOLD, ANCHOR_MIDDLE, middle, canvas->y,
                            2 * fmin(middle, canvas->width - middle),
                            "Standardized difference, arm \u2212 control") +
                 6;
    keys_t keys = {0};
    for (size_t i = 0; i < love->arms.count; i++)
        if (love->arms.count > 1 || love->arms.name[i][0])
            add_key(&keys, SIGN_SHAPE, NULL, i, "%s", love->arms.name[i]);
    add_key(&keys, SIGN_BAND, "bd", 0, "within \u00B1%.10g", band);
    draw_keys(canvas, &keys);
}

void pilot_picture_balance(pilot_text_t *text, const pilot_picture_balance_t *balance,
                           const pilot_picture_options_t *options)
{
    canvas_t canvas;
    double band = balance->band > 0 && isfinite(balance->band) ? balance->band : 0.1;
    love_t love = {.balance = balance};
    love.covariates.name = PILOT_NEW_ARRAY(const char *, balance->points + 1);
    love.arms.name = PILOT_NEW_ARRAY(const char *, balance->points + 1);
    canvas_begin(&canvas, options, "Balance of the arms");
    if (balance->points == 0)
        draw_nothing(&canvas, "There are no covariates to compare.");
    else
        draw_balance(&canvas, &love, band);
    size_t beyond = 0, known = 0;
    for (size_t i = 0; i < balance->points; i++) {
        known += given(&balance->point[i]);
        beyond += given(&balance->point[i]) && fabs(balance->point[i].difference.value) > band;
    }
    char *description PILOT_AUTOFREE = pilot_format(
        "Standardized differences of %zu covariate%s: %zu of %zu beyond \u00B1%.10g.",
        love.covariates.count, love.covariates.count == 1 ? "" : "s", beyond, known, band);
    canvas_end(&canvas, text, "Balance of the arms", description);
    pilot_free_pointer(&love.covariates.name);
    pilot_free_pointer(&love.arms.name);
}

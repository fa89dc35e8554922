/* targets.c - the effect on a target against the effect on the mission that it stands for: where
 * did the target move alone? */
#include <math.h>

#include "plot.h"
#include "pilot/memory.h"

static bool known(const pilot_picture_target_t *agency)
{
    return agency->mark == 0 && number_finite(agency->target) && number_finite(agency->mission);
}

static void draw_agencies(canvas_t *canvas, const plot_t *plot,
                          const pilot_picture_targets_t *targets, bool alone, size_t count)
{
    pilot_text_t title = PILOT_TEXT_INIT;
    if (count > PLOT_TITLES && !alone)
        begin_dots(canvas, "dt");
    for (size_t i = 0; i < targets->agencies; i++) {
        const pilot_picture_target_t *agency = &targets->agency[i];
        if (!known(agency) || agency->alone != alone)
            continue;
        double x = axis_at(&plot->x, agency->mission.value);
        double y = axis_at(&plot->y, agency->target.value);
        if (count > PLOT_TITLES && !alone) {
            add_dot(canvas, x, y);
            continue;
        }
        pilot_text_reset(&title);
        pilot_text_appendf(&title, "%s: target ", agency->label ? agency->label : "");
        axis_number(&plot->y, &title, agency->target.value);
        pilot_text_append(&title, ", mission ");
        axis_number(&plot->x, &title, agency->mission.value);
        open_group(canvas, i, title.data);
        open_link(canvas, agency->href);
        if (alone)
            draw_shape(canvas, "ha", 2, x, y, 10);
        else
            draw_circle(canvas, "pt", x, y, 4);
        close_link(canvas, agency->href);
        close_group(canvas);
    }
    if (count > PLOT_TITLES && !alone)
        end_path(canvas);
    pilot_text_clear(&title);
}

static void draw_field(canvas_t *canvas, const plot_t *plot)
{
    double zero_x = axis_at(&plot->x, 0), zero_y = axis_at(&plot->y, 0);
    draw_box(canvas, "al", plot->left, plot->top, zero_x - plot->left, zero_y - plot->top);
    draw_line(canvas, "nu", zero_x, plot->top, zero_x, plot->bottom);
    draw_line(canvas, "nu", plot->left, zero_y, plot->right, zero_y);
    static const char *const words[] = {"target up,", "mission not"};
    if (zero_x - plot->left > text_width(FACE_SMALL, words[1]) + 12 && zero_y - plot->top > 44) {
        draw_text(canvas, FACE_SMALL, ANCHOR_START, plot->left + 6, plot->top + 16, 0, words[0]);
        draw_text(canvas, FACE_SMALL, ANCHOR_START, plot->left + 6, plot->top + 31, 0, words[1]);
    }
}

static void draw_targets(canvas_t *canvas, const pilot_picture_targets_t *targets, plot_range_t *x,
                         plot_range_t *y, size_t count, size_t alone)
{
    plot_t plot;
    widen_range(x, PILOT_GIVEN(0));
    widen_range(y, PILOT_GIVEN(0));
    widen_range(x, targets->pooled_mission);
    widen_range(y, targets->pooled_target);
    pad_range(x, 0.05);
    pad_range(y, 0.05);
    draw_plot(canvas, &plot, canvas->narrow ? 320 : 460, x,
              targets->mission_axis ? targets->mission_axis : "Effect on the mission", y,
              targets->target_axis ? targets->target_axis : "Effect on the target");
    draw_field(canvas, &plot);
    draw_agencies(canvas, &plot, targets, false, count);
    draw_agencies(canvas, &plot, targets, true, count);
    bool pooled = number_finite(targets->pooled_target) && number_finite(targets->pooled_mission);
    if (pooled)
        draw_shape(canvas, "po", 5, axis_at(&plot.x, targets->pooled_mission.value),
                   axis_at(&plot.y, targets->pooled_target.value), 15);
    keys_t keys = {0};
    if (count > alone)
        add_key(&keys, SIGN_DOT, count > PLOT_TITLES ? "es" : "pt", 0, "agency");
    if (alone > 0)
        add_key(&keys, SIGN_ALONE, NULL, 0, "agency whose target moved alone (%zu)", alone);
    if (pooled)
        add_key(&keys, SIGN_PLUS, NULL, 0, "pooled");
    draw_keys(canvas, &keys);
    if (count < targets->agencies) {
        char *without PILOT_AUTOFREE =
            pilot_format("Not drawn: %zu without both effects.", targets->agencies - count);
        draw_note(canvas, without);
    }
}

void pilot_picture_targets(pilot_text_t *text, const pilot_picture_targets_t *targets,
                           const pilot_picture_options_t *options)
{
    canvas_t canvas;
    plot_range_t x = {.low = INFINITY, .high = -INFINITY}, y = x;
    size_t count = 0, alone = 0;
    for (size_t i = 0; i < targets->agencies; i++) {
        const pilot_picture_target_t *agency = &targets->agency[i];
        if (!known(agency))
            continue;
        count++;
        alone += agency->alone;
        widen_range(&x, agency->mission);
        widen_range(&y, agency->target);
    }
    canvas_begin(&canvas, options, "Targets against missions");
    if (count == 0)
        draw_nothing(&canvas, "There are no agencies with both effects to show.");
    else
        draw_targets(&canvas, targets, &x, &y, count, alone);
    char *description PILOT_AUTOFREE =
        pilot_format("Effect on the target against the effect on the mission: %zu of %zu agencies "
                     "drawn; in %zu the target moved alone.",
                     count, targets->agencies, alone);
    canvas_end(&canvas, text, "Targets against missions", description);
}

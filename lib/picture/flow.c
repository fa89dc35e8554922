/* flow.c - from agencies and units to what is analysed, by arm (after the CONSORT diagram, 2010).
 */
#include <math.h>
#include <string.h>

#include "effects.h"
#include "pilot/memory.h"

static bool known(const pilot_picture_count_t *count)
{
    return count->mark == 0 && number_finite(count->value);
}

static bool told(const pilot_picture_count_t *count)
{
    return known(count) || count->mark != 0;
}

static void put_count(pilot_text_t *text, const pilot_picture_count_t *count)
{
    if (known(count))
        pilot_picture_number(text, count->value.value, 0);
    else
        pilot_text_append(text, count->mark ? missing_words(count->mark, NULL) : "not known");
}

/* A box with two lines: what, and how many. */
enum { BOX_HEIGHT = 46, ARROW = 26, STEP = 32 };

static void draw_count(canvas_t *canvas, double x, double y, double width, const char *what,
                       const pilot_picture_count_t *count)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    put_count(&text, count);
    draw_box(canvas, known(count) ? "cb" : "mx", x + 0.5, y + 0.5, width - 1, BOX_HEIGHT - 1);
    draw_text(canvas, FACE_SMALL, ANCHOR_MIDDLE, x + width / 2, y + 18, width - 8, what);
    draw_text(canvas, known(count) ? FACE_BOLD : FACE_SMALL, ANCHOR_MIDDLE, x + width / 2, y + 36,
              width - 8, text.data);
    pilot_text_clear(&text);
}

static void draw_down(canvas_t *canvas, double x, double from, double to)
{
    draw_line(canvas, "bi", x, from, x, to - 5);
    pilot_text_append(&canvas->body, "<path class=\"hd\" d=\"");
    put_pair(&canvas->body, "M", x, to);
    pilot_text_append(&canvas->body, "l-4 -7h8z\"/>\n");
}

static void draw_across(canvas_t *canvas, double from, double to, double y)
{
    draw_line(canvas, "bi", from, y, to - 5, y);
    pilot_text_append(&canvas->body, "<path class=\"hd\" d=\"");
    put_pair(&canvas->body, "M", to, y);
    pilot_text_append(&canvas->body, "l-7 -4v8z\"/>\n");
}

/* Boxes beside each other: those of the three whose bit is set in `which`. */
static void draw_row(canvas_t *canvas, const char *const what[3],
                     const pilot_picture_count_t count[3], int which)
{
    size_t boxes = 0, drawn = 0;
    for (size_t i = 0; i < 3; i++)
        boxes += (which >> i & 1) != 0;
    if (boxes == 0)
        return;
    double between = ARROW;
    double width = fmin((canvas->width - between * ((double)boxes - 1)) / (double)boxes, 220);
    double x = (canvas->width - (double)boxes * width - ((double)boxes - 1) * between) / 2;
    for (size_t i = 0; i < 3; i++) {
        if ((which >> i & 1) == 0)
            continue;
        draw_count(canvas, x, canvas->y, width, what[i], &count[i]);
        x += width;
        if (++drawn < boxes)
            draw_across(canvas, x, x + between, canvas->y + BOX_HEIGHT / 2.0);
        x += between;
    }
    canvas->y += BOX_HEIGHT;
}

enum { ASSIGNED, RECEIVED, ANALYSED, STEPS };
static const char *const arm_words[STEPS] = {"assigned", "received", "analysed"};

static pilot_picture_count_t arm_count(const pilot_picture_flow_arm_t *arm, int step)
{
    return step == ASSIGNED ? arm->assigned : step == RECEIVED ? arm->received : arm->analysed;
}

/* Steps that somebody tells of, as bits; what nobody tells of is no box. */
static int told_steps(const pilot_picture_flow_t *flow)
{
    int steps = 0;
    for (size_t i = 0; i < flow->arms; i++)
        for (int step = 0; step < STEPS; step++) {
            pilot_picture_count_t count = arm_count(&flow->arm[i], step);
            steps |= (int)told(&count) << step;
        }
    return steps ? steps : 1 << ASSIGNED | 1 << ANALYSED;
}

/* Of the first step: the caller's, else the arms' sum. */
static pilot_picture_count_t all_units(const pilot_picture_flow_t *flow, int first)
{
    pilot_picture_count_t sum = {.value = PILOT_GIVEN(0)};
    if (told(&flow->units))
        return flow->units;
    for (size_t i = 0; i < flow->arms; i++) {
        pilot_picture_count_t count = arm_count(&flow->arm[i], first);
        if (!known(&count))
            return (pilot_picture_count_t){.mark = count.mark};
        sum.value.value += count.value.value;
    }
    return sum;
}

/* "lost: 12", between two boxes, where both are known and fewer are left. */
static void draw_lost(canvas_t *canvas, double x, double y, double width, const char *word,
                      const pilot_picture_count_t *before, const pilot_picture_count_t *after)
{
    if (!known(before) || !known(after) || after->value.value >= before->value.value)
        return;
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_appendf(&text, "%s ", word);
    pilot_picture_number(&text, before->value.value - after->value.value, 0);
    draw_text(canvas, FACE_SMALL, ANCHOR_START, x + 10, y + 19, width - 10, text.data);
    pilot_text_clear(&text);
}

/* One arm's boxes below each other, those of its steps. */
static void draw_arm(canvas_t *canvas, const pilot_picture_flow_arm_t *arm, int steps, double x,
                     double y, double width)
{
    double centre = x + width / 2;
    bool first = true;
    draw_text(canvas, FACE_BOLD, ANCHOR_MIDDLE, centre, y + 17, width, arm->arm ? arm->arm : "");
    y += 24;
    for (int step = 0; step < STEPS; step++) {
        if ((steps >> step & 1) == 0)
            continue;
        pilot_picture_count_t count = arm_count(arm, step);
        if (!first) {
            draw_down(canvas, centre, y, y + STEP);
            if (step == ANALYSED)
                draw_lost(canvas, centre, y, width / 2, "not analysed",
                          steps & 1 ? &arm->assigned : &arm->received, &count);
            else if (!arm->control)
                draw_lost(canvas, centre, y, width / 2, "not received", &arm->assigned, &count);
            y += STEP;
        }
        draw_count(canvas, x, y, width, arm_words[step], &count);
        y += BOX_HEIGHT;
        first = false;
    }
    canvas->y = y;
}

static void draw_columns(canvas_t *canvas, const pilot_picture_flow_t *flow, int steps)
{
    double gap = 20, count = (double)flow->arms;
    double width = fmin((canvas->width - gap * (count - 1)) / count, 240);
    double left = (canvas->width - count * width - gap * (count - 1)) / 2;
    double middle = canvas->width / 2, top = canvas->y, branch = top + 14;
    if (flow->arms > 1) {
        draw_line(canvas, "bi", middle, top, middle, branch);
        draw_line(canvas, "bi", left + width / 2, branch,
                  left + (count - 1) * (width + gap) + width / 2, branch);
    }
    for (size_t i = 0; i < flow->arms; i++) {
        double x = left + (double)i * (width + gap);
        draw_down(canvas, x + width / 2, flow->arms > 1 ? branch : top, branch + 20);
        draw_arm(canvas, &flow->arm[i], steps, x, branch + 20, width);
    }
}

static void draw_stacked(canvas_t *canvas, const pilot_picture_flow_t *flow, int steps)
{
    draw_down(canvas, canvas->width / 2, canvas->y, canvas->y + 20);
    canvas->y += 22;
    for (size_t i = 0; i < flow->arms; i++) {
        const pilot_picture_flow_arm_t *arm = &flow->arm[i];
        const pilot_picture_count_t count[3] = {arm->assigned, arm->received, arm->analysed};
        draw_text(canvas, FACE_BOLD, ANCHOR_START, 0, canvas->y + 16, canvas->width,
                  arm->arm ? arm->arm : "");
        canvas->y += 22;
        draw_row(canvas, arm_words, count, steps);
        canvas->y += 10;
    }
}

static void draw_flow(canvas_t *canvas, const pilot_picture_flow_t *flow)
{
    static const char *const wide_words[3] = {"agencies listed", "agencies with data",
                                              "agencies analysed"};
    static const char *const narrow_words[3] = {"listed", "with data", "analysed"};
    const pilot_picture_count_t agencies[3] = {flow->agencies_listed, flow->agencies_submitted,
                                               flow->agencies_analysed};
    double before = canvas->y;
    int which = told(&agencies[0]) | told(&agencies[1]) << 1 | told(&agencies[2]) << 2;
    if (canvas->narrow && which != 0) {
        draw_text(canvas, FACE_BOLD, ANCHOR_START, 0, canvas->y + 14, 0, "Agencies");
        canvas->y += 20;
    }
    draw_row(canvas, canvas->narrow ? narrow_words : wide_words, agencies, which);
    if (canvas->y > before && flow->arms > 0) {
        draw_down(canvas, canvas->width / 2, canvas->y, canvas->y + ARROW);
        canvas->y += ARROW;
    }
    if (flow->arms > 0) {
        int steps = told_steps(flow), first = steps & 1   ? ASSIGNED
                                              : steps & 2 ? RECEIVED
                                                          : ANALYSED;
        pilot_picture_count_t units = all_units(flow, first);
        char *words PILOT_AUTOFREE =
            pilot_format("units %s", arm_words[told(&flow->units) ? ASSIGNED : first]);
        double width = fmin(canvas->width, 260);
        draw_count(canvas, (canvas->width - width) / 2, canvas->y, width, words, &units);
        canvas->y += BOX_HEIGHT;
        if (canvas->narrow || flow->arms > 4)
            draw_stacked(canvas, flow, steps);
        else
            draw_columns(canvas, flow, steps);
    }
    canvas->y += 6;
    if (flow->outcome && flow->outcome[0]) {
        char *note PILOT_AUTOFREE = pilot_format("Analysed: with a value of %s.", flow->outcome);
        draw_note(canvas, note);
    }
}

static void put_flow(pilot_text_t *text, const pilot_picture_flow_t *flow)
{
    int steps = told_steps(flow);
    pilot_text_append(text, "Flow of units.");
    for (size_t i = 0; i < flow->arms; i++) {
        const pilot_picture_flow_arm_t *arm = &flow->arm[i];
        bool first = true;
        pilot_text_appendf(text, " %s:", arm->arm ? arm->arm : "");
        for (int step = 0; step < STEPS; step++) {
            if ((steps >> step & 1) == 0)
                continue;
            pilot_picture_count_t count = arm_count(arm, step);
            pilot_text_appendf(text, "%s %s ", first ? "" : ",", arm_words[step]);
            put_count(text, &count);
            first = false;
        }
        pilot_text_append_char(text, '.');
    }
}

void pilot_picture_flow(pilot_text_t *text, const pilot_picture_flow_t *flow,
                        const pilot_picture_options_t *options)
{
    canvas_t canvas;
    canvas_begin(&canvas, options, "Flow of units");
    if (flow->arms == 0 && !told(&flow->agencies_listed) && !told(&flow->agencies_submitted) &&
        !told(&flow->agencies_analysed))
        draw_nothing(&canvas, "There are no units to show.");
    else
        draw_flow(&canvas, flow);
    pilot_text_t description = PILOT_TEXT_INIT;
    put_flow(&description, flow);
    canvas_end(&canvas, text, "Flow of units", description.data);
    pilot_text_clear(&description);
}

#include "power_svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "power_print.h"
#include "table.h"

/* In pixels: the picture, a panel's plot in it, and how a legend's line is laid out. */
enum {
    WIDTH = 760,
    PLOT_LEFT = 64,
    PLOT_RIGHT = 36,
    PLOT_HEIGHT = 240,
    TITLE = 56,     /* above the first panel */
    ABOVE = 46,     /* a panel's own title */
    BELOW = 52,     /* its x axis */
    LEGEND = 20,    /* one line of it */
    TITLE_CUT = 64, /* columns of text that fit */
    TEXT_CUT = 84,
    CURVE = 160, /* points of a curve */
    COLOURS = 6
};
#define PLOT_WIDTH (WIDTH - PLOT_LEFT - PLOT_RIGHT)

/* Colours that people of all sorts of colour vision tell apart (Okabe & Ito 2008), lighter ones for
 * dark ground. */
static const char style[] =
    "<style>\n"
    "text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1b1f24}\n"
    ".title{font-size:17px;font-weight:600}.panel{font-size:14px;font-weight:600}\n"
    ".mark,.note{font-size:12px;fill:#57606a}\n"
    ".ground{fill:#fff}.grid{stroke:#e1e4e8}.axis{stroke:#57606a}\n"
    ".goal{stroke:#57606a;stroke-dasharray:5 4}.curve{fill:none;stroke-width:2.2}\n"
    ".c0{stroke:#0072b2}.c1{stroke:#d55e00}.c2{stroke:#009e73}.c3{stroke:#cc79a7}"
    ".c4{stroke:#56b4e9}.c5{stroke:#b8860b}\n"
    ".d1{stroke-dasharray:9 4}.d2{stroke-dasharray:2 4}\n"
    "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.mark,.note{fill:#9da7b3}"
    ".ground{fill:#0d1117}.grid{stroke:#30363d}.axis,.goal{stroke:#9da7b3}"
    ".c0{stroke:#58a6ff}.c1{stroke:#ff9e64}.c2{stroke:#3fb998}.c3{stroke:#e5a3c5}"
    ".c4{stroke:#9ad1f5}.c5{stroke:#e3c567}}\n"
    "</style>\n";

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            /* XML has no other control characters. */
            fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
        }
}

static void put_text(FILE *out, const char *class, double x, double y, const char *anchor,
                     const char *text)
{
    fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, x, y,
            anchor);
    put_escaped(out, text);
    fputs("</text>\n", out);
}

static void put_line(FILE *out, const char *class, double x1, double y1, double x2, double y2)
{
    fprintf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class,
            x1, y1, x2, y2);
}

/* ---- curves ---------------------------------------------------------------------------------- */

/* Rows that have the same curve are one, named after all their arms. */
typedef struct curve {
    const pilot_power_row_t *row;
    char *name;
} curve_t;

typedef struct panel {
    const pilot_plan_t *plan;
    const pilot_plan_outcome_t *outcome;
    curve_t *curve;
    size_t count;
    bool by_units;
    double end;    /* of the x axis: units of the pilot, or an effect */
    double top;    /* of the plot, from the picture's */
    size_t legend; /* lines */
} panel_t;

/* Of the pilot, where the scope is an agency. */
static double x_of_row(const pilot_power_row_t *row, double point)
{
    return pilot_power_row_by_units(row) ? point * row->parts : point;
}

static bool same_curve(const pilot_power_row_t *a, const pilot_power_row_t *b)
{
    return a->design.scope == b->design.scope && a->design.arm_share == b->design.arm_share;
}

static void add_curve(panel_t *panel, const pilot_power_row_t *row)
{
    const char *arm = panel->plan->arms[row->arm].label;
    for (size_t i = 0; i < panel->count; i++)
        if (same_curve(panel->curve[i].row, row)) {
            char *name = pilot_format("%s, %s", panel->curve[i].name, arm);
            free(panel->curve[i].name);
            panel->curve[i].name = name;
            return;
        }
    panel->curve[panel->count++] = (curve_t){row, pilot_strdup(arm)};
}

static panel_t make_panel(const pilot_plan_t *plan, const pilot_plan_outcome_t *outcome,
                          const pilot_power_rows_t *rows)
{
    panel_t panel = {.plan = plan, .outcome = outcome};
    panel.curve = PILOT_NEW_ARRAY(curve_t, rows->count);
    for (size_t i = 0; i < rows->count; i++) {
        const pilot_power_row_t *row = &rows->row[i];
        double point[PILOT_POWER_POINTS];
        if (row->outcome != outcome)
            continue;
        size_t points = pilot_power_row_grid(row, PILOT_POWER_POINTS, point);
        if (points == 0)
            continue;
        add_curve(&panel, row);
        panel.by_units = pilot_power_row_by_units(row);
        /* What one agency would need would push the others to the left edge. */
        if (row->parts == 1 || panel.end == 0 || !panel.by_units)
            panel.end = fmax(panel.end, x_of_row(row, point[points - 1]));
    }
    panel.legend = panel.count;
    return panel;
}

static void clear_panel(panel_t *panel)
{
    for (size_t i = 0; i < panel->count; i++)
        free(panel->curve[i].name);
    free(panel->curve);
}

/* ---- drawing --------------------------------------------------------------------------------- */

static double x_of(const panel_t *panel, double value)
{
    return PLOT_LEFT + PLOT_WIDTH * value / panel->end;
}

static double y_of(const panel_t *panel, double power)
{
    return panel->top + PLOT_HEIGHT * (1 - power);
}

/* "12,000" */
static char *with_commas(double number)
{
    char digits[32];
    pilot_text_t text = PILOT_TEXT_INIT;
    snprintf(digits, sizeof digits, "%.0f", number);
    for (size_t i = 0, length = strlen(digits); i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            pilot_text_append_char(&text, ',');
        pilot_text_append_char(&text, digits[i]);
    }
    return pilot_text_take(&text);
}

/* Shares are read in percentage points. */
static double unit_of(const panel_t *panel)
{
    return panel->curve[0].row->design.type == PILOT_POWER_SHARE ? 100 : 1;
}

static const char *axis_name(const panel_t *panel)
{
    if (panel->by_units)
        return "Units in the pilot, all arms together";
    if (unit_of(panel) > 1)
        return "Effect, in percentage points";
    return panel->curve[0].row->standardized ? "Effect, in standard deviations" : "Effect";
}

static void draw_axes(const panel_t *panel, FILE *out)
{
    double left = PLOT_LEFT, right = WIDTH - PLOT_RIGHT, bottom = y_of(panel, 0);
    for (int i = 0; i <= 5; i++) {
        char *label PILOT_AUTOFREE = pilot_format("%d %%", 20 * i);
        double y = y_of(panel, 0.2 * i);
        put_line(out, i ? "grid" : "axis", left, y, right, y);
        put_text(out, "mark", left - 8, y + 4, "end", label);
    }
    double step = pilot_power_nice_step(panel->end, 6);
    for (int i = 0; i * step <= panel->end * (1 + 1e-9); i++) {
        double value = i * step;
        char *label PILOT_AUTOFREE =
            panel->by_units ? with_commas(value) : pilot_format("%g", unit_of(panel) * value);
        put_line(out, "axis", x_of(panel, value), bottom, x_of(panel, value), bottom + 5);
        put_text(out, "mark", x_of(panel, value), bottom + 20, "middle", label);
    }
    put_text(out, "axis-name", left + PLOT_WIDTH / 2.0, bottom + 40, "middle", axis_name(panel));
    fprintf(out,
            "<text x=\"16\" y=\"%.1f\" text-anchor=\"middle\" transform=\"rotate(-90 16 "
            "%.1f)\">Power</text>\n",
            y_of(panel, 0.5), y_of(panel, 0.5));
}

/* The power that is asked for, and the size that is planned. */
static void draw_goal(const panel_t *panel, FILE *out)
{
    const pilot_power_row_t *row = panel->curve[0].row;
    char *goal PILOT_AUTOFREE = pilot_format("power %g", row->target);
    double y = y_of(panel, row->target);
    put_line(out, "goal", PLOT_LEFT, y, WIDTH - PLOT_RIGHT, y);
    put_text(out, "note", PLOT_LEFT + 6, y - 5, "start", goal);
    double planned = row->units * row->parts;
    if (!panel->by_units || !row->units_given || planned > panel->end)
        return;
    char *number PILOT_AUTOFREE = with_commas(planned);
    char *label PILOT_AUTOFREE = pilot_format("planned: %s", number);
    double x = x_of(panel, planned);
    put_line(out, "goal", x, y_of(panel, 0), x, y_of(panel, 1) - 4);
    put_text(out, "note", fmax(x, PLOT_LEFT + 30), y_of(panel, 1) - 8, "middle", label);
}

static void draw_curve(const panel_t *panel, const pilot_power_row_t *row, const char *class,
                       FILE *out)
{
    fprintf(out, "<polyline class=\"%s\" points=\"", class);
    for (int i = 1; i <= CURVE; i++) {
        double x = panel->end * i / CURVE;
        pilot_number_t power = panel->by_units
                                   ? pilot_power_row_at(row, x / row->parts, row->effect.value)
                                   : pilot_power_row_at(row, row->units, x);
        if (power.given)
            fprintf(out, "%.1f,%.1f ", x_of(panel, x), y_of(panel, power.value));
    }
    fputs("\"/>\n", out);
}

/* One colour a curve, one dash a scope. */
static void draw_curves(const panel_t *panel, FILE *out)
{
    static const int dash[] = {
        [PILOT_POWER_POOLED] = 0, [PILOT_POWER_COMPARISON] = 2, [PILOT_POWER_AGENCY] = 1};
    double y = y_of(panel, 0) + BELOW + 4;
    for (size_t i = 0; i < panel->count; i++) {
        const pilot_power_row_t *row = panel->curve[i].row;
        bool several = row->design.agencies > 1;
        char *class PILOT_AUTOFREE =
            pilot_format("curve c%zu d%d", i % COLOURS, several ? dash[row->design.scope] : 0);
        char *name PILOT_AUTOFREE =
            pilot_format("%s against %s%s%s", panel->curve[i].name, panel->plan->arms[0].label,
                         several ? ", " : "", several ? pilot_power_show_scope(row) : "");
        pilot_table_cut(name, TEXT_CUT);
        draw_curve(panel, row, class, out);
        put_line(out, class, PLOT_LEFT, y, PLOT_LEFT + 28, y);
        put_text(out, "key", PLOT_LEFT + 36, y + 4, "start", name);
        y += LEGEND;
    }
}

static void draw_panel(const panel_t *panel, FILE *out)
{
    const pilot_power_row_t *row = panel->curve[0].row;
    char *effect PILOT_AUTOFREE =
        row->effect.given ? pilot_power_show_effect(row, row->effect.value) : NULL;
    char *number PILOT_AUTOFREE = with_commas(row->units * row->parts);
    char *title PILOT_AUTOFREE =
        effect ? pilot_format("%s: power to find an effect of %s", panel->outcome->name, effect)
               : pilot_format("%s: power with %s units", panel->outcome->name, number);
    pilot_table_cut(title, TEXT_CUT);
    put_text(out, "panel", PLOT_LEFT, panel->top - 26, "start", title);
    draw_axes(panel, out);
    draw_goal(panel, out);
    draw_curves(panel, out);
}

void pilot_power_svg(const pilot_plan_t *plan, const pilot_power_rows_t *rows, FILE *out)
{
    panel_t *panel PILOT_AUTOFREE = PILOT_NEW_ARRAY(panel_t, plan->outcome_count);
    double top = TITLE;
    for (size_t i = 0; i < plan->outcome_count; i++) {
        panel[i] = make_panel(plan, &plan->outcomes[i], rows);
        panel[i].top = top + ABOVE;
        if (panel[i].count > 0)
            top += ABOVE + PLOT_HEIGHT + BELOW + LEGEND * (double)panel[i].legend + 12;
    }
    char *title PILOT_AUTOFREE =
        pilot_format("Power of the pilot %s", plan->title ? plan->title : plan->pilot);
    pilot_table_cut(title, TITLE_CUT);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
            "viewBox=\"0 0 %d %.0f\" role=\"img\" aria-labelledby=\"title\">\n<title "
            "id=\"title\">",
            WIDTH, top, WIDTH, top);
    put_escaped(out, title);
    fprintf(out, "</title>\n%s<rect class=\"ground\" width=\"%d\" height=\"%.0f\"/>\n", style,
            WIDTH, top);
    put_text(out, "title", PLOT_LEFT, 34, "start", title);
    for (size_t i = 0; i < plan->outcome_count; i++) {
        if (panel[i].count > 0)
            draw_panel(&panel[i], out);
        clear_panel(&panel[i]);
    }
    fputs("</svg>\n", out);
}

/* gaps.c - effects by level of each subgroup, and the gaps between levels, on one axis: a forest
 * whose lines are levels, each subgroup's gaps beneath its levels. */
#include <string.h>

#include "effects.h"
#include "pilot/memory.h"

typedef struct gap_lines {
    pilot_picture_effect_t *line;
    char **label; /* those that are ours */
    size_t count;
} gap_lines_t;

static void add_subgroup(gap_lines_t *lines, const pilot_picture_subgroup_t *subgroup, bool ratio)
{
    for (size_t i = 0; i < subgroup->levels; i++) {
        pilot_picture_effect_t line = subgroup->level[i];
        line.group = subgroup->name;
        lines->line[lines->count++] = line;
    }
    for (size_t i = 1; subgroup->gap && i < subgroup->levels; i++) {
        pilot_picture_effect_t line = subgroup->gap[i];
        line.group = subgroup->name;
        line.gap = true;
        const char *level = effect_label(&subgroup->level[i], "?");
        if (!line.label || !line.label[0] || strcmp(line.label, level) == 0) {
            line.label = lines->label[lines->count] =
                pilot_format("gap: %s %s %s", level, ratio ? "\u00F7" : "\u2212",
                             effect_label(&subgroup->level[0], "?"));
        }
        lines->line[lines->count++] = line;
    }
}

void pilot_picture_gaps(pilot_text_t *text, const pilot_picture_gaps_t *gaps,
                        const pilot_picture_options_t *options)
{
    size_t most = 1;
    for (size_t i = 0; i < gaps->subgroups; i++)
        most += 2 * gaps->subgroup[i].levels;
    gap_lines_t lines = {.line = PILOT_NEW_ARRAY(pilot_picture_effect_t, most),
                         .label = PILOT_NEW_ARRAY(char *, most)};
    bool whole = effect_drawn(&gaps->whole) || gaps->whole.mark != 0 ||
                 (gaps->whole.note && gaps->whole.note[0]);
    if (whole) {
        lines.line[0] = gaps->whole;
        lines.line[0].label = effect_label(&gaps->whole, "All");
        lines.line[0].group = NULL;
        lines.line[lines.count++].summary = true;
    }
    for (size_t i = 0; i < gaps->subgroups; i++)
        add_subgroup(&lines, &gaps->subgroup[i], gaps->ratio);
    pilot_picture_effects_t effects = {
        .effect = lines.line,
        .effects = lines.count,
        .ratio = gaps->ratio,
        .lower_is_better = gaps->lower_is_better,
        .undirected = gaps->undirected,
        .smallest_low = gaps->smallest_low,
        .smallest_high = gaps->smallest_high,
        .confidence = gaps->confidence,
        .axis = gaps->axis,
        .noun = "Subgroup",
    };
    draw_forest(text, &effects, options, "Effects by subgroup, and their gaps");
    for (size_t i = 0; i < most; i++)
        pilot_free_pointer(&lines.label[i]);
    pilot_free_pointer(&lines.line);
    pilot_free_pointer(&lines.label);
}

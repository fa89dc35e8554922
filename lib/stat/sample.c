/* sample.c - the rows of one contrast, taken out of a frame.  See pilot/contrast.h. */
#include <stdlib.h>
#include <string.h>

#include "contrast_rows.h"
#include "pilot/memory.h"

/* What a row of the frame says of this contrast. */
typedef struct selection {
    const pilot_frame_t *frame;
    const pilot_sample_columns_t *columns;
    const uint32_t *row; /* NULL: all */
    size_t rows, arm;
    bool keep_missing;
} selection_t;

static bool is_given(const pilot_variable_t *variable, size_t row)
{
    return !variable || !variable->present || variable->present[row];
}

static size_t row_of(const selection_t *selection, size_t i)
{
    return selection->row ? selection->row[i] : i;
}

static bool is_candidate(const selection_t *selection, size_t row)
{
    const pilot_frame_t *frame = selection->frame;
    return (frame->arm[row] == 0 || frame->arm[row] == selection->arm) &&
           (!frame->weight || frame->weight[row] > 0);
}

static bool has_outcome(const selection_t *selection, size_t row)
{
    const pilot_sample_columns_t *columns = selection->columns;
    return is_given(columns->outcome, row) && is_given(columns->event, row) &&
           is_given(columns->probability, row);
}

static void take_row(const selection_t *selection, size_t row, pilot_sample_t *sample)
{
    const pilot_frame_t *frame = selection->frame;
    const pilot_sample_columns_t *columns = selection->columns;
    size_t at = sample->n++;
    bool given = has_outcome(selection, row);
    sample->outcome[at] = given ? columns->outcome->value[row] : 0;
    sample->treated[at] = frame->arm[row] != 0;
    if (sample->present)
        sample->present[at] = given;
    if (sample->weight)
        sample->weight[at] = frame->weight[row];
    if (sample->block)
        sample->block[at] = frame->block[row];
    if (sample->cluster)
        sample->cluster[at] = frame->cluster[row];
    if (sample->event)
        sample->event[at] = given && columns->event->value[row] != 0;
    if (sample->probability)
        sample->probability[at] = columns->probability->value[row];
    if (sample->cell)
        sample->cell[at] = columns->cell[row];
}

void pilot_sample_select(const pilot_frame_t *frame, const pilot_sample_columns_t *columns,
                         const uint32_t *row, size_t rows, size_t arm, bool keep_missing,
                         pilot_sample_t *ret_sample)
{
    selection_t selection = {.frame = frame,
                             .columns = columns,
                             .row = row,
                             .rows = row ? rows : frame->rows,
                             .arm = arm,
                             .keep_missing = keep_missing};
    size_t candidates = 0, taken = 0;
    for (size_t i = 0; i < selection.rows; i++) {
        size_t at = row_of(&selection, i);
        bool candidate = is_candidate(&selection, at);
        candidates += candidate;
        taken += candidate && (keep_missing || has_outcome(&selection, at));
    }
    pilot_sample_t sample = {
        .outcome = PILOT_NEW_ARRAY(double, taken),
        .treated = PILOT_NEW_ARRAY(uint8_t, taken),
        .present = keep_missing ? PILOT_NEW_ARRAY(uint8_t, taken) : NULL,
        .weight = frame->weight ? PILOT_NEW_ARRAY(double, taken) : NULL,
        .block = frame->block ? PILOT_NEW_ARRAY(uint32_t, taken) : NULL,
        .cluster = frame->cluster ? PILOT_NEW_ARRAY(uint32_t, taken) : NULL,
        .event = columns->event ? PILOT_NEW_ARRAY(uint8_t, taken) : NULL,
        .probability = columns->probability ? PILOT_NEW_ARRAY(double, taken) : NULL,
        .cell = columns->cell ? PILOT_NEW_ARRAY(uint32_t, taken) : NULL,
        .arm_probability = columns->arm_probability ? columns->arm_probability[arm] : 0,
        .control_probability = columns->arm_probability ? columns->arm_probability[0] : 0,
        .arms = frame->arms,
        .candidates = candidates,
    };
    for (size_t i = 0; i < selection.rows; i++) {
        size_t at = row_of(&selection, i);
        if (is_candidate(&selection, at) && (keep_missing || has_outcome(&selection, at)))
            take_row(&selection, at, &sample);
    }
    if (sample.block)
        sample.blocks = contrast_renumber(sample.block, sample.n, frame->blocks);
    if (sample.cluster)
        sample.clusters = contrast_renumber(sample.cluster, sample.n, frame->clusters);
    if (sample.cell)
        sample.cells = contrast_renumber(sample.cell, sample.n, columns->cells);
    *ret_sample = sample;
}

void pilot_sample_clear(pilot_sample_t *sample)
{
    free(sample->outcome);
    free(sample->treated);
    free(sample->present);
    free(sample->weight);
    free(sample->block);
    free(sample->cluster);
    free(sample->event);
    free(sample->probability);
    free(sample->cell);
    *sample = (pilot_sample_t){0};
}

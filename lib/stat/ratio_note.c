/* ratio_note.c - ratios in words.  See ratio.h. */
#include <math.h>
#include <stdio.h>

#include "ratio.h"

#define TEXT 32

/* Three digits, as "1.50"; more where they stand before the point. */
static const char *put(char text[TEXT], double ratio)
{
    if (isinf(ratio))
        snprintf(text, TEXT, "infinity");
    else if (ratio == 0)
        snprintf(text, TEXT, "0");
    else if (ratio >= 999.5 && ratio < 1e9)
        snprintf(text, TEXT, "%.0f", ratio);
    else
        snprintf(text, TEXT, "%#.3g", ratio);
    return text;
}

static double ratio_of(pilot_number_t logarithm, double absent)
{
    return logarithm.given ? exp(logarithm.value) : absent;
}

static void note(pilot_estimate_t *row, double ratio)
{
    char text[3][TEXT];
    if (isnan(ratio)) /* sums that overflowed: nothing to tell */
        return;
    if (row->ci_low.given || row->ci_high.given)
        pilot_estimate_note(row, "ratio %s (%s to %s)", put(text[0], ratio),
                            put(text[1], ratio_of(row->ci_low, 0)),
                            put(text[2], ratio_of(row->ci_high, INFINITY)));
    else
        pilot_estimate_note(row, "ratio %s", put(text[0], ratio));
}

void ratio_note(pilot_estimate_t *row)
{
    if (row->estimate.given)
        note(row, exp(row->estimate.value));
}

void ratio_note_extreme(pilot_estimate_t *row, double log_ratio)
{
    note(row, exp(log_ratio));
}

void ratio_note_crossing(const contrast_rows_t *rows, const char *meaning, pilot_estimate_t *row)
{
    size_t crossing = contrast_rows_crossing(rows);
    if (crossing == 0)
        return;
    contrast_flag(row);
    pilot_estimate_note(row, "clusters_cross_blocks: %zu cluster%s in several blocks, %s", crossing,
                        crossing == 1 ? "" : "s", meaning);
}

#include "whole.h"

#include "contrasts.h"
#include "evaluate.h"
#include "gaps.h"

static bool go_on(const pilot_whole_options_t *options)
{
    return !options->is_cancelled || !options->is_cancelled(options->context);
}

/* What an agency's evaluation has too, of all agencies' rows. */
typedef struct whole {
    pilot_view_t view;
    pilot_subsets_t *subsets;
    pilot_contrasts_t contrasts;
} whole_t;

static void whole_init(whole_t *whole, const pilot_analysis_t *analysis,
                       const pilot_dataset_t *merged, const pilot_whole_options_t *options)
{
    pilot_view_init(&whole->view, analysis, merged, "");
    whole->subsets = pilot_subsets_of(analysis, merged);
    pilot_contrasts_init(&whole->contrasts, &whole->view, options->agency_index);
}

static void whole_clear(whole_t *whole)
{
    pilot_contrasts_clear(&whole->contrasts);
    pilot_subsets_free(whole->subsets);
    pilot_view_clear(&whole->view);
}

bool pilot_whole_report(const pilot_analysis_t *analysis, const pilot_dataset_t *merged,
                        size_t first, size_t last, const pilot_whole_options_t *options,
                        pilot_report_t *report)
{
    whole_t whole;
    whole_init(&whole, analysis, merged, options);
    pilot_row_keys_t keys = pilot_subsets_keys(whole.subsets, analysis);
    pilot_row_key_t key;
    pilot_overlaps_t *overlaps =
        analysis->gaps ? pilot_overlaps_of(&whole.view, whole.subsets) : NULL;
    pilot_gaps_t gaps;
    pilot_gaps_init(&gaps, analysis, whole.subsets, overlaps);
    bool going = true;
    while ((going = go_on(options)) && pilot_row_keys_next(&keys, &key)) {
        if (key.outcome < first || key.outcome > last ||
            pilot_row_job(key.slot) != PILOT__JOB_KIND__WHOLE)
            continue;
        const pilot_subset_t *subset = &whole.subsets->subset[key.subset];
        const char *estimator = key.estimator;
        pilot_estimate_t gap, *estimate = NULL;
        if (!key.gap)
            estimate = pilot_contrasts_estimate(&whole.contrasts, &key, subset);
        else if (pilot_gaps_estimate(&gaps, &key, &estimator, &gap))
            estimate = &gap;
        if (estimate)
            pilot_gaps_keep(&gaps, &key, PILOT_GAP_CONTRAST, estimator, estimate);
        pilot_report_estimate(report, &key, NULL, subset->name, subset->level, estimator, estimate);
    }
    pilot_gaps_clear(&gaps);
    pilot_overlaps_free(overlaps);
    if (going)
        pilot_contrasts_report_curves(&whole.contrasts, whole.subsets, first, last, NULL, report);
    whole_clear(&whole);
    return going;
}

bool pilot_whole_bounds(const pilot_analysis_t *analysis, const pilot_dataset_t *merged,
                        const bool *alarm, const pilot_whole_options_t *options,
                        pilot_report_t *report)
{
    whole_t whole;
    whole_init(&whole, analysis, merged, options);
    pilot_row_keys_t keys = pilot_subsets_keys(whole.subsets, analysis);
    bool going = true;
    for (size_t i = 0; i < analysis->outcomes * analysis->treatments && going; i++) {
        going = go_on(options);
        if (going && alarm[i])
            pilot_contrasts_report_bounds(&whole.contrasts, &keys, i / analysis->treatments,
                                          i % analysis->treatments + 1, &whole.subsets->subset[0],
                                          NULL, report);
    }
    whole_clear(&whole);
    return going;
}

#include "whole.h"

#include "contrasts.h"
#include "evaluate.h"
#include "gaps.h"

static bool go_on(const pilot_whole_options_t *options)
{
    return !options->is_cancelled || !options->is_cancelled(options->context);
}

bool pilot_whole_report(const pilot_analysis_t *analysis, const pilot_dataset_t *merged,
                        size_t first, size_t last, const pilot_whole_options_t *options,
                        pilot_report_t *report)
{
    pilot_view_t view;
    pilot_view_init(&view, analysis, merged, "");
    pilot_subsets_t *subsets = pilot_subsets_of(analysis, merged);
    pilot_contrasts_t contrasts;
    pilot_contrasts_init(&contrasts, &view, options->agency_index);
    pilot_row_keys_t keys = pilot_subsets_keys(subsets, analysis);
    pilot_row_key_t key;
    pilot_overlaps_t *overlaps = analysis->gaps ? pilot_overlaps_of(&view, subsets) : NULL;
    pilot_gaps_t gaps;
    pilot_gaps_init(&gaps, analysis, subsets, overlaps);
    bool going = true;
    while ((going = go_on(options)) && pilot_row_keys_next(&keys, &key)) {
        if (key.outcome < first || key.outcome > last ||
            pilot_row_job(key.slot) != PILOT__JOB_KIND__WHOLE)
            continue;
        const pilot_subset_t *subset = &subsets->subset[key.subset];
        const char *estimator = key.estimator;
        pilot_estimate_t gap, *estimate = NULL;
        if (!key.gap)
            estimate = pilot_contrasts_estimate(&contrasts, &key, subset);
        else if (pilot_gaps_estimate(&gaps, &key, &estimator, &gap))
            estimate = &gap;
        if (estimate)
            pilot_gaps_keep(&gaps, &key, PILOT_GAP_CONTRAST, estimator, estimate);
        pilot_report_estimate(report, &key, NULL, subset->name, subset->level, estimator, estimate);
    }
    pilot_gaps_clear(&gaps);
    pilot_overlaps_free(overlaps);
    if (going)
        pilot_contrasts_report_curves(&contrasts, subsets, first, last, NULL, report);
    pilot_contrasts_clear(&contrasts);
    pilot_subsets_free(subsets);
    pilot_view_clear(&view);
    return going;
}

bool pilot_whole_bounds(const pilot_analysis_t *analysis, const pilot_dataset_t *merged,
                        const bool *alarm, const pilot_whole_options_t *options,
                        pilot_report_t *report)
{
    pilot_view_t view;
    pilot_view_init(&view, analysis, merged, "");
    pilot_subsets_t *subsets = pilot_subsets_of(analysis, merged);
    pilot_contrasts_t contrasts;
    pilot_contrasts_init(&contrasts, &view, options->agency_index);
    pilot_row_keys_t keys = pilot_subsets_keys(subsets, analysis);
    bool going = true;
    for (size_t i = 0; i < analysis->outcomes * analysis->treatments && going; i++) {
        going = go_on(options);
        if (going && alarm[i])
            pilot_contrasts_report_bounds(&contrasts, &keys, i / analysis->treatments,
                                          i % analysis->treatments + 1, &subsets->subset[0], NULL,
                                          report);
    }
    pilot_contrasts_clear(&contrasts);
    pilot_subsets_free(subsets);
    pilot_view_clear(&view);
    return going;
}

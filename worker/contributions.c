#include "contributions.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/contribution.h"
#include "pilot/memory.h"

static void fill_row(Pilot__Contribution *row, const Pilot__Outcome *outcome,
                     const pilot_contribution_t *of)
{
    row->outcome = outcome->name;
    row->units = of->units;
    row->has_total = row->has_largest = row->has_second = strcmp(outcome->type, "ordinal") != 0;
    row->total = of->total;
    row->largest = of->largest;
    row->second = of->second;
}

void pilot_contributions_report(const pilot_view_t *view, const pilot_subsets_t *subsets,
                                const char *agency, pilot_report_t *report)
{
    const Pilot__Spec *spec = view->analysis->spec;
    size_t outcomes = view->analysis->outcomes;
    pilot_contribution_t *by_arm PILOT_AUTOFREE =
        PILOT_NEW_ARRAY(pilot_contribution_t, view->frame.arms);
    uint32_t ordinal = 0;
    for (size_t cell = 0; cell < subsets->count * outcomes; cell++) {
        const pilot_subset_t *subset = &subsets->subset[cell / outcomes];
        size_t outcome = cell % outcomes;
        const char *level = subset->level ? pilot_report_keep(report, subset->level) : NULL;
        pilot_contributions_of(&view->frame, &view->outcome[outcome],
                               subset->level ? subset->row : NULL, subset->rows, by_arm);
        for (size_t arm = 0; arm < view->frame.arms; arm++) {
            if (by_arm[arm].units == 0)
                continue;
            Pilot__Contribution *row = pilot_report_contribution(report);
            row->ordinal = ordinal++;
            row->agency = (char *)agency;
            row->subgroup = (char *)subset->name;
            row->level = (char *)level;
            row->arm = spec->arm[arm]->label;
            fill_row(row, spec->outcome[outcome], &by_arm[arm]);
        }
    }
}

/* curves.c - Kaplan-Meier curves of the arms for results.curves; see contrasts.h. */
#include "contrasts.h"
#include "pilot/curve.h"
#include "pilot/memory.h"

static void copy_point(Pilot__CurvePoint *to, const pilot_curve_point_t *from, double events)
{
    to->x = from->time;
    to->y = from->survival;
    PILOT_COPY_NUMBER(to, std_error, from->std_error);
    PILOT_COPY_NUMBER(to, ci_low, from->ci_low);
    PILOT_COPY_NUMBER(to, ci_high, from->ci_high);
    to->has_at_risk = to->has_events = true;
    to->at_risk = from->at_risk;
    to->events = events;
}

/* Of `points` in order, the one that stands k-th among `kept`: evenly spread, the last one kept. */
static size_t place_of(size_t k, size_t kept, size_t points)
{
    return kept == points ? k : (size_t)((uint64_t)k * (points - 1) / (kept - 1));
}

/* From time 0 on; where points are left out the next one has their events. */
static void fill_points(Pilot__Curve *row, const pilot_curve_t *curve, bool starts)
{
    size_t kept = row->n_point - starts, next = 0;
    if (starts) {
        row->point[0]->y = 1;
        row->point[0]->has_at_risk = row->point[0]->has_events = true;
        row->point[0]->at_risk = curve->point[0].at_risk;
    }
    for (size_t k = 0; k < kept; k++) {
        size_t at = place_of(k, kept, curve->points);
        double events = 0;
        for (; next <= at; next++)
            events += curve->point[next].events;
        copy_point(row->point[k + starts], &curve->point[at], events);
    }
}

static void report_curve(const pilot_contrasts_t *contrasts, const pilot_curve_t *curve,
                         const pilot_subset_t *subset, size_t outcome, size_t arm, uint32_t ordinal,
                         const char *agency, pilot_report_t *report)
{
    const Pilot__Spec *spec = contrasts->view->analysis->spec;
    if (curve->points == 0)
        return;
    bool starts = curve->point[0].time > 0;
    size_t most = PILOT_CURVE_POINTS - starts;
    size_t kept = curve->points < most ? curve->points : most;
    Pilot__Curve *row = pilot_report_curve(report, kept + starts);
    row->ordinal = ordinal;
    row->agency = (char *)agency;
    row->outcome = spec->outcome[outcome]->name;
    row->subgroup = (char *)subset->name;
    row->level = subset->level ? (char *)pilot_report_keep(report, subset->level) : NULL;
    row->arm = spec->arm[arm]->label;
    row->curve = (char *)"kaplan_meier";
    if (kept < curve->points) {
        char *text PILOT_AUTOFREE =
            pilot_format("%zu of %zu times, evenly spread; events are those since the point before",
                         kept, curve->points);
        row->detail = (char *)pilot_report_keep(report, text);
    }
    fill_points(row, curve, starts);
}

static bool has_survival(const pilot_analysis_t *analysis, size_t outcome)
{
    return pilot_row_has_estimator(analysis->slots, outcome, PILOT_RMST) ||
           pilot_row_has_estimator(analysis->slots, outcome, PILOT_LOG_RANK);
}

void pilot_contrasts_report_curves(pilot_contrasts_t *contrasts, const pilot_subsets_t *subsets,
                                   size_t first, size_t last, const char *agency,
                                   pilot_report_t *report)
{
    const pilot_analysis_t *analysis = contrasts->view->analysis;
    size_t arms = analysis->treatments + 1;
    for (size_t i = first; i <= last; i++) {
        for (size_t s = 0; s < subsets->count && has_survival(analysis, i); s++) {
            for (size_t arm = 0; arm < arms; arm++) {
                pilot_curve_t curve = {0};
                /* The control's rows are the same beside any treatment. */
                const pilot_sample_t *sample = pilot_contrasts_sample(
                    contrasts, i, arm > 0 ? arm : 1, &subsets->subset[s], PILOT_SAMPLE_EVENT);
                pilot_kaplan_meier(sample, arm > 0, analysis->spec->confidence, &curve);
                report_curve(contrasts, &curve, &subsets->subset[s], i, arm,
                             (uint32_t)((i * subsets->count + s) * arms + arm), agency, report);
                pilot_curve_clear(&curve);
            }
        }
    }
}

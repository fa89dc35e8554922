/* report.c - the parts in their order, and the whole of them. */
#include "parts.h"

#include "pilot/memory.h"
#include "pilot/page.h"

static page_part_function_t *const parts[PILOT_PAGE_PARTS] = {
    [PILOT_PAGE_SUMMARY] = page_part_summary,
    [PILOT_PAGE_ALARMS] = page_part_alarms,
    [PILOT_PAGE_PLAN] = page_part_plan,
    [PILOT_PAGE_FLOW] = page_part_flow,
    [PILOT_PAGE_BALANCE] = page_part_balance,
    [PILOT_PAGE_EFFECTS] = page_part_effects,
    [PILOT_PAGE_AGENCIES] = page_part_agencies,
    [PILOT_PAGE_HETEROGENEITY] = page_part_heterogeneity,
    [PILOT_PAGE_MODERATORS] = page_part_moderators,
    [PILOT_PAGE_PEOPLE] = page_part_people,
    [PILOT_PAGE_TARGETS] = page_part_targets,
    [PILOT_PAGE_CURVES] = page_part_curves,
    [PILOT_PAGE_CHECKS] = page_part_checks,
    [PILOT_PAGE_METHODS] = page_part_methods,
    [PILOT_PAGE_ORIGIN] = page_part_origin,
};

void pilot_page_part(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                     pilot_page_part_t part)
{
    if (part < PILOT_PAGE_PARTS && parts[part])
        parts[part](page, evaluation);
}

void pilot_page_report(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    const char *title =
        evaluation->plan && evaluation->plan->title ? evaluation->plan->title : evaluation->pilot;
    pilot_page_begin(page, title);
    char *what PILOT_AUTOFREE = pilot_format(
        "Pilot %s, analysis %lld%s%s%s", evaluation->pilot, (long long)evaluation->analysis,
        evaluation->finished_at ? ", finished " : "",
        evaluation->finished_at ? evaluation->finished_at : "",
        evaluation->released ? ". For the public: what disclosure control lets everybody see" : "");
    pilot_page_note(page, what);
    for (int part = 0; part < PILOT_PAGE_PARTS; part++)
        pilot_page_part(page, evaluation, (pilot_page_part_t)part);
    pilot_page_end(page);
}

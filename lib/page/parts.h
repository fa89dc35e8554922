/* parts.h - the sections of an evaluation, one function each; nothing where there is nothing. */
#ifndef PILOT_PAGE_PARTS_H
#define PILOT_PAGE_PARTS_H

#include "pilot/page.h"

typedef void page_part_function_t(pilot_page_t *page, const pilot_evaluation_t *evaluation);

page_part_function_t page_part_summary;
page_part_function_t page_part_alarms;
page_part_function_t page_part_plan;
page_part_function_t page_part_flow;
page_part_function_t page_part_balance;
page_part_function_t page_part_effects;
page_part_function_t page_part_agencies;
page_part_function_t page_part_heterogeneity;
page_part_function_t page_part_moderators;
page_part_function_t page_part_people;
page_part_function_t page_part_targets;
page_part_function_t page_part_curves;
page_part_function_t page_part_checks;
page_part_function_t page_part_methods;
page_part_function_t page_part_origin;

/* "reason in words", or "" where status is ok; a remark where there is one.  Caller frees. */
char *page_note_of(const char *status, const char *reason, const char *detail);
/* A paragraph of formatted text. */
void page_say(pilot_page_t *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

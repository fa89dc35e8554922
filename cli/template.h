/* template.h - what an agency needs before it has data: the header row to fill, and for each column
 * what goes into it.  Made of the plan alone. */
#ifndef PILOT_CLI_TEMPLATE_H
#define PILOT_CLI_TEMPLATE_H

#include "intake_dictionary.h"
#include "pilot/plan.h"
#include "pilot/text.h"

/* The header row: each CSV column that the plan names, once. */
void pilot_template_header(const pilot_plan_t *plan, pilot_text_t *csv);

/* One row a column: column, meaning, type, allowed, missing, required, role.  own: the names that
 * the agency column may hold; NULL or none: any. */
void pilot_template_dictionary_csv(const pilot_plan_t *plan, const pilot_dictionary_t *own,
                                   pilot_text_t *csv);
/* The same as a page to read, with the rules of the file before it. */
void pilot_template_dictionary_markdown(const pilot_plan_t *plan, const pilot_dictionary_t *own,
                                        pilot_text_t *page);

#endif

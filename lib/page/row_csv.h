/* row_csv.h - rows of an evaluation with all their digits, in the columns of the results tables. */
#ifndef PILOT_PAGE_ROW_CSV_H
#define PILOT_PAGE_ROW_CSV_H

#include "pilot/evaluation.h"
#include "pilot/text.h"

void page_csv_effects(const pilot_evaluation_t *evaluation, pilot_text_t *csv);
void page_csv_comparisons(const pilot_evaluation_t *evaluation, bool headline, pilot_text_t *csv);
/* Of one contrast. */
void page_csv_agencies(const pilot_agency_row_t *rows, size_t count, pilot_text_t *csv);
void page_csv_quality(const pilot_evaluation_t *evaluation, bool alarms, pilot_text_t *csv);

#endif

/* evaluation_sources.h - which views give the rows of an evaluation. */
#ifndef PILOT_CLI_EVALUATION_SOURCES_H
#define PILOT_CLI_EVALUATION_SOURCES_H

#include "evaluation_rows.h"

extern const pilot_row_source_t pilot_source_effects; /* pooled */
extern const pilot_row_source_t pilot_source_agency_effects;
extern const pilot_row_source_t pilot_source_comparisons;
extern const pilot_row_source_t pilot_source_agencies;
extern const pilot_row_source_t pilot_source_averages;
extern const pilot_row_source_t pilot_source_moderators;
extern const pilot_row_source_t pilot_source_distribution;
extern const pilot_row_source_t pilot_source_quality;
extern const pilot_row_source_t pilot_source_curves;

#endif

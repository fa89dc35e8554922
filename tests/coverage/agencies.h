/* agencies.h - how often the sets for ranks hold the true ranks, and intervals the true shares of
 * harm and benefit. */
#ifndef PILOT_COVERAGE_AGENCIES_H
#define PILOT_COVERAGE_AGENCIES_H

#include <stddef.h>

/* Markdown tables on stdout. */
void print_rank_table(size_t repetitions, unsigned long seed);
void print_share_table(size_t repetitions, unsigned long seed);

#endif

/* intake_assigned.h - the rows of one agency after another against its assignment: rows that differ
 * are problems, assigned units without a row are counted. */
#ifndef PILOT_CLI_INTAKE_ASSIGNED_H
#define PILOT_CLI_INTAKE_ASSIGNED_H

#include "intake_dictionary.h"
#include "intake_gather.h"

typedef struct pilot_assigned_checker pilot_assigned_checker_t;

/* Borrowed for its life. */
pilot_assigned_checker_t *pilot_assigned_checker_new(const pilot_intake_layout_t *layout,
                                                     pilot_problems_t *problems);
void pilot_assigned_checker_free(pilot_assigned_checker_t *checker); /* NULL is fine */

/* The next agency.  assigned: NULL when it has none, which is a problem if one is required;
 * dictionary: its labels by text slot.  All borrowed until _end. */
void pilot_assigned_checker_begin(pilot_assigned_checker_t *checker,
                                  const pilot_assigned_t *assigned, bool required,
                                  const pilot_dictionary_t *dictionary);
/* Each of its rows once; rows after _end are not looked at. */
void pilot_assigned_checker_row(pilot_assigned_checker_t *checker, const pilot_record_t *record);
void pilot_assigned_checker_end(pilot_assigned_checker_t *checker);

/* Borrowed. */
const pilot_assignment_tally_t *
pilot_assigned_checker_tally(const pilot_assigned_checker_t *checker);

#endif

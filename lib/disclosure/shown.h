/* shown.h - what the decision says of one place (an agency, or pooled). */
#ifndef PILOT_DISCLOSURE_SHOWN_H
#define PILOT_DISCLOSURE_SHOWN_H

#include "round.h"
#include "state.h"

/* A row's texts in numbers of names. */
typedef struct subject {
    size_t place;
    uint32_t measure, slot, variable, arm, control;
} subject_t;

/* False: nothing is known of such a row, so nothing is shown. */
bool subject_find(const pilot_disclosure_t *disclosure, const pilot_disclosure_key_t *key,
                  subject_t *ret_subject);

/* Is this kind of table shown there?  measure 0 for TABLE and COUNTS. */
bool is_shown(const pilot_disclosure_t *disclosure, enum pattern_kind kind, uint32_t measure,
              uint32_t variable, uint32_t arm, size_t place);
/* TABLE and NUMBERS of both arms. */
bool are_numbers_shown(const pilot_disclosure_t *disclosure, const subject_t *subject,
                       size_t place);
const cell_t *cell_find(const pilot_disclosure_t *disclosure, uint32_t measure, uint32_t slot,
                        uint32_t arm, size_t place); /* NULL: none */
/* How many of an arm have the outcome (measure 0: everybody), as far as it is told. */
pilot_released_t count_shown(const pilot_disclosure_t *disclosure, const subject_t *subject,
                             uint32_t arm);
/* The coarsest that a share among these people may be: so that its count is rounded too. */
unit_t share_unit(const pilot_disclosure_t *disclosure, const subject_t *subject, uint32_t arm);
unit_t coarser(unit_t a, unit_t b);

/* All of them `c` or `z`; false. */
bool hide_all(const pilot_number_in_t *number, pilot_released_t *ret_released, size_t count);

#endif

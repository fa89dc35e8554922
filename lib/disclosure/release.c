/* The numbers of a row that may be shown.  For now: none. */
#include <stdlib.h>
#include <string.h>

#include "pilot/disclosure.h"
#include "pilot/memory.h"

struct pilot_disclosure {
    pilot_disclosure_rule_t rule;
};

pilot_disclosure_t *pilot_disclosure_new(const pilot_disclosure_rule_t *rule)
{
    pilot_disclosure_t *disclosure = PILOT_NEW(pilot_disclosure_t);
    disclosure->rule = *rule;
    return disclosure;
}

void pilot_disclosure_free(pilot_disclosure_t *disclosure)
{
    free(disclosure);
}

pilot_status_t pilot_disclosure_remember(pilot_disclosure_t *disclosure, const void *memory,
                                         size_t size, pilot_error_t *error)
{
    (void)disclosure, (void)memory, (void)size, (void)error;
    return PILOT_OK;
}

pilot_status_t pilot_disclosure_submission(pilot_disclosure_t *disclosure, const char *agency,
                                           int64_t submission, pilot_error_t *error)
{
    (void)disclosure, (void)agency, (void)submission, (void)error;
    return PILOT_OK;
}

bool pilot_disclosure_question(const pilot_disclosure_t *disclosure, size_t index,
                               pilot_disclosure_question_t *ret_question)
{
    (void)disclosure, (void)index, (void)ret_question;
    return false;
}

void pilot_disclosure_changed(pilot_disclosure_t *disclosure, size_t question, int64_t units)
{
    (void)disclosure, (void)question, (void)units;
}

pilot_status_t pilot_disclosure_effect(pilot_disclosure_t *disclosure,
                                       const pilot_disclosure_effect_t *effect,
                                       pilot_error_t *error)
{
    (void)disclosure, (void)effect, (void)error;
    return PILOT_OK;
}

pilot_status_t pilot_disclosure_arm_count(pilot_disclosure_t *disclosure, const char *agency,
                                          const char *arm, int64_t rows, pilot_error_t *error)
{
    (void)disclosure, (void)agency, (void)arm, (void)rows, (void)error;
    return PILOT_OK;
}

pilot_status_t pilot_disclosure_decide(pilot_disclosure_t *disclosure, pilot_error_t *error)
{
    (void)disclosure, (void)error;
    return PILOT_OK;
}

static bool hide(const pilot_number_in_t *number, pilot_released_t *ret_released, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ret_released[i] = (pilot_released_t){.mark = number[i].given ? PILOT_MARK_SUPPRESSED
                                                                     : PILOT_MARK_NOT_APPLICABLE};
    return false;
}

bool pilot_disclosure_release_effect(const pilot_disclosure_t *disclosure,
                                     const pilot_disclosure_effect_t *effect,
                                     pilot_released_t ret_released[PILOT_EFFECT_NUMBERS])
{
    (void)disclosure;
    return hide(effect->number, ret_released, PILOT_EFFECT_NUMBERS);
}

bool pilot_disclosure_release_comparison(const pilot_disclosure_t *disclosure,
                                         const pilot_disclosure_key_t *key, bool headline,
                                         const pilot_number_in_t number[PILOT_COMPARISON_NUMBERS],
                                         pilot_released_t ret_released[PILOT_COMPARISON_NUMBERS])
{
    (void)disclosure, (void)key, (void)headline;
    return hide(number, ret_released, PILOT_COMPARISON_NUMBERS);
}

bool pilot_disclosure_release_agency(const pilot_disclosure_t *disclosure,
                                     const pilot_disclosure_key_t *key,
                                     const pilot_number_in_t number[PILOT_AGENCY_NUMBERS],
                                     pilot_released_t ret_released[PILOT_AGENCY_NUMBERS])
{
    (void)disclosure, (void)key;
    return hide(number, ret_released, PILOT_AGENCY_NUMBERS);
}

bool pilot_disclosure_release_quality(const pilot_disclosure_t *disclosure, const char *agency,
                                      const char *check, const char *arm, const char *variable,
                                      const pilot_number_in_t number[PILOT_QUALITY_NUMBERS],
                                      pilot_released_t ret_released[PILOT_QUALITY_NUMBERS])
{
    (void)disclosure, (void)agency, (void)check, (void)arm, (void)variable;
    return hide(number, ret_released, PILOT_QUALITY_NUMBERS);
}

pilot_released_t pilot_disclosure_release_rows(const pilot_disclosure_t *disclosure,
                                               const char *agency, int64_t submission)
{
    (void)disclosure, (void)agency, (void)submission;
    return (pilot_released_t){.mark = PILOT_MARK_SUPPRESSED};
}

void pilot_disclosure_memory(const pilot_disclosure_t *disclosure, void **ret_memory,
                             size_t *ret_size)
{
    (void)disclosure;
    *ret_memory = pilot_alloc(1, 1);
    *ret_size = 1;
}

pilot_disclosure_summary_t pilot_disclosure_summarize(const pilot_disclosure_t *disclosure)
{
    (void)disclosure;
    return (pilot_disclosure_summary_t){0};
}

/* say.h - pieces of sentences. */
#ifndef PILOT_PAGE_SAY_H
#define PILOT_PAGE_SAY_H

#include "pilot/summary.h"

/* "95%": of the plan, or what is usual where it is not told.  Caller frees. */
char *page_confidence(const pilot_evaluation_t *evaluation);
/* Append "a, b and 3 more". */
void page_append_names(pilot_text_t *text, const char *const *name, size_t count, size_t most);
/* What a reason of results says in words, or itself. */
const char *page_reason_words(const char *reason);
bool page_text_is(const char *text, const char *other);
/* "difference in means", "regression with interactions (lin)", ... */
const char *page_estimator_words(const char *estimator);
/* A check of results.quality in words. */
const char *page_check_words(const char *check);

#endif

/* pilot/ols_scores.h - what each unit contributes to a regression's contrasts, so that estimates
 * which rest on the same units can be tested together.
 *
 * A score m_i belongs to a row of the frame or, where the design is clustered, to one of its
 * clusters (by code).  The sum of m_i^2 over all units, times factor, is the contrast's variance in
 * the fit's type of standard error: with HC0 and HC1 m = w u e, u the unit's influence; HC2 and
 * classical w u e / root(1 - h), or, if the task asks for classical scores, root(w) e |l|; HC3 w u
 * e / (1 - h); CR0 to CR3 the cluster's term.  Units outside the fit have 0.  Scores are in the
 * units' order, not the fit's, so the covariance of any two estimates on one frame (another
 * outcome, model or level of a subgroup) is the sum of products, and sums of products of several
 * agencies add up. */
#ifndef PILOT_OLS_SCORES_H
#define PILOT_OLS_SCORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PILOT_CONTRAST_NAME_SIZE 128

/* A coefficient: of a treatment arm, or of an arm times a covariate column. */
typedef struct pilot_ols_contrast {
    char name[PILOT_CONTRAST_NAME_SIZE]; /* "small", "small:x", "small:grade=2" (cut at its size) */
    uint32_t arm;
    bool interaction;
    bool given; /* the column was kept; else there is no estimate, and scores are 0 */
    double estimate;
} pilot_ols_contrast_t;

/* Of one fit.  Zero-initialize, use again for any fit (memory is kept), clear with
 * pilot_ols_scores_clear. */
typedef struct pilot_ols_scores {
    /* False: no fit, or (level: across) clusters that span agencies, whose scores are known only
     * where all agencies are together; value is then all 0. */
    bool available;
    size_t units;     /* rows of the frame, or its clusters (1: the agency is the cluster) */
    size_t contrasts; /* treatment arms in order; then, if asked for, interactions that were kept */
    pilot_ols_contrast_t *contrast;
    double *value; /* contrasts x units */
    double factor; /* of the variance: HC1's, CR1's, else 1 */
    /* private */
    size_t contrast_capacity, value_capacity;
} pilot_ols_scores_t;

void pilot_ols_scores_clear(pilot_ols_scores_t *scores);

/* Is there an estimate of contrast i whose scores are not available? */
bool pilot_ols_scores_unknown(const pilot_ols_scores_t *scores, size_t i);

/* Covariance of contrast i of one fit with contrast j of another on the same frame (units agree);
 * with itself, its variance.  0 where a contrast is not given. */
double pilot_ols_scores_covariance(const pilot_ols_scores_t *one, size_t i,
                                   const pilot_ols_scores_t *other, size_t j);

#endif

/* analysis.h - a Spec unpacked and looked through once: what every job of one analysis needs. */
#ifndef PILOT_WORKER_ANALYSIS_H
#define PILOT_WORKER_ANALYSIS_H

#include <pilot.pb-c.h>

#include "layout.h"
#include "pilot/error.h"
#include "pilot/estimate.h"

typedef struct pilot_analysis {
    Pilot__Spec *spec;
    pilot_layout_t *layout;
    size_t outcomes;
    size_t treatments;
    bool automatic; /* estimators: auto */
    bool has_difference;
    bool has_ols;
    size_t regressors;           /* covariates that are not for subgroups alone */
    pilot_std_error_t std_error; /* NONE: auto */
    double *probability;         /* by arm; NULL: not declared */
    const char **arm_name;       /* by arm */
} pilot_analysis_t;

/* PILOT_E_PROTOCOL: not a Spec, or one that contradicts itself.  Caller frees. */
pilot_status_t pilot_analysis_new(const void *spec, size_t length, pilot_analysis_t **ret_analysis,
                                  pilot_error_t *error);
void pilot_analysis_free(pilot_analysis_t *analysis); /* NULL is fine */

#endif

/* meta_leave_out.h - the comparison without each agency in turn, tau2 estimated anew. */
#ifndef PILOT_STAT_META_LEAVE_OUT_H
#define PILOT_STAT_META_LEAVE_OUT_H

#include "meta_tau2.h"

typedef struct meta_left {
    bool has_fit;  /* k >= 2: there are others */
    bool has_tau2; /* and enough of them for the method */
    meta_fit_t fit;
} meta_left_t;

/* tau2: of all agencies, by the same method; where each search begins.  ret_left: k entries. */
void meta_leave_out(const meta_data_t *data, pilot_meta_method_t method, double tau2,
                    meta_left_t *ret_left);

#endif

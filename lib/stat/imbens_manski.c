/* imbens_manski.c - see imbens_manski.h. */
#include "imbens_manski.h"

#include <gsl/gsl_cdf.h>

double imbens_manski_critical(double confidence, double width, double std_error)
{
    /* One-sided where the range is wide, two-sided where it is a point; it falls with width. */
    double low = gsl_cdf_ugaussian_Pinv(confidence),
           high = gsl_cdf_ugaussian_Pinv((1 + confidence) / 2);
    double wide = width / std_error;
    /* Bisection: 60 halvings leave nothing of a span below 1. */
    for (int i = 0; i < 60; i++) {
        double middle = low + (high - low) / 2;
        double outside = gsl_cdf_ugaussian_Q(middle + wide) + gsl_cdf_ugaussian_P(-middle);
        if (outside > 1 - confidence)
            low = middle;
        else
            high = middle;
    }
    return high;
}

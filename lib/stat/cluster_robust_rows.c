/* cluster_robust_rows.c - a cluster of few rows: in the space of its rows, where the matrices are
 * as large as the cluster.  The same numbers as in K x K algebra. */
#include <math.h>
#include <string.h>

#include "cluster_robust.h"
#include "cluster_robust_eigen.h"

/* I - H of the rows, H = root(w) u u' root(w). */
static void plain_rest(const pilot_cluster_work_t *work, double *matrix)
{
    size_t n = work->rows, d = 1 + work->rank;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) {
            double dot = 0;
            for (size_t k = 0; k < d; k++)
                dot += work->u[i * d + k] * work->u[j * d + k];
            dot *= sqrt(work->w[i] * work->w[j]);
            matrix[i * n + j] = matrix[j * n + i] = (i == j ? 1 : 0) - dot;
        }
}

/* The rows of (I - H)(I - H)', H = U U' W: I - U U'W - W U U' + U Omega U'. */
static void weighted_rest(const pilot_cluster_work_t *work, const pilot_component_t *component,
                          size_t block, double *matrix)
{
    size_t n = work->rows, d = 1 + work->rank;
    for (size_t j = 0; j < n; j++) {
        const double *right = work->u + j * d;
        pilot_cluster_omega(work, right, 1, &block, component, work->omega_z);
        for (size_t i = 0; i <= j; i++) {
            const double *left = work->u + i * d;
            double dot = 0, through = 0;
            for (size_t k = 0; k < d; k++) {
                dot += left[k] * right[k];
                through += left[k] * work->omega_z[k];
            }
            matrix[i * n + j] = matrix[j * n + i] =
                (i == j ? 1 : 0) - dot * (work->w[i] + work->w[j]) + through;
        }
    }
}

/* t = rows' influence on the contrast. */
static void find_influence(const pilot_cluster_work_t *work, size_t contrast, double *t)
{
    size_t d = 1 + work->rank;
    const double *l = work->l + contrast * work->rank;
    for (size_t i = 0; i < work->rows; i++) {
        double dot = 0;
        for (size_t k = 0; k < work->rank; k++)
            dot += work->u[i * d + k] * l[k];
        t[i] = dot * (work->halves == 2 ? work->w[i] : sqrt(work->w[i]));
    }
}

/* r = A t over the eigendirections; returns what of |t|^2 is lost. */
static double adjust(const pilot_cluster_work_t *work, const double *t, double *r)
{
    size_t n = work->rows;
    double lost = 0;
    memset(r, 0, n * sizeof *r);
    for (size_t m = 0; m < n; m++) {
        const double *vector = work->vector + m * n;
        double factor = work->value[m], dot = 0;
        for (size_t i = 0; i < n; i++)
            dot += vector[i] * t[i];
        if (factor == 0)
            lost += dot * dot;
        for (size_t i = 0; i < n; i++)
            r[i] += factor * dot * vector[i];
    }
    return lost;
}

/* r'e, and t'e without adjustment. */
static void sum_scores(pilot_cluster_work_t *work, size_t contrast)
{
    for (size_t o = 0; o < work->outcomes; o++) {
        double score = 0, plain = 0;
        for (size_t i = 0; i < work->rows; i++) {
            double root = work->halves == 2 ? 1 : sqrt(work->w[i]);
            double e = work->e[i * work->outcomes + o];
            score += work->r[i] * root * e;
            plain += work->t[i] * root * e;
        }
        pilot_cluster_add_score(work, o, contrast, score, plain);
    }
}

static void sum_contrast(pilot_cluster_work_t *work, size_t contrast, double lost,
                         pilot_component_t *component, size_t block)
{
    size_t n = work->rows, d = 1 + work->rank;
    pilot_cluster_result_t result = {.lost = lost, .z = work->z};
    memset(work->z, 0, work->halves * d * sizeof *work->z);
    for (size_t i = 0; i < n; i++) {
        double r = work->r[i], w = work->w[i], scaled = work->halves == 2 ? r : r * sqrt(w);
        result.a += r * r;
        for (size_t k = 0; k < d; k++)
            work->z[k] += scaled * work->u[i * d + k];
        for (size_t k = 0; work->halves == 2 && k < d; k++)
            work->z[d + k] += r * w * work->u[i * d + k];
    }
    result.q = pilot_cluster_square(work, work->z, 1, &block, component);
    pilot_cluster_add_result(work, contrast, &result, 1, &block, component);
}

void pilot_cluster_rows(pilot_cluster_work_t *work, pilot_component_t *component, size_t block)
{
    size_t n = work->rows;
    bool adjusts = work->fit->std_error >= PILOT_SE_CR2;
    if (adjusts) {
        if (work->halves == 2)
            weighted_rest(work, component, block, work->matrix);
        else
            plain_rest(work, work->matrix);
        pilot_eigen(work->matrix, n, work->value, work->vector);
        for (size_t m = 0; m < n; m++)
            work->value[m] = pilot_cluster_factor(work, work->value[m]);
    }
    for (size_t c = 0; c < work->contrasts + work->extras; c++) {
        double lost = 0;
        find_influence(work, c, work->t);
        if (adjusts)
            lost = adjust(work, work->t, work->r);
        else
            memcpy(work->r, work->t, n * sizeof *work->r);
        sum_scores(work, c);
        if (c < work->contrasts)
            sum_contrast(work, c, lost, component, block);
    }
}

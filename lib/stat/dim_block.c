/* dim_block.c - effect and variance within one block, arm by arm.
 *
 * Neyman (1923) and HC2 without clusters; with them CR2 (Bell & McCaffrey 2002; Pustejovsky &
 * Tipton 2018) of the regression on arms, where both arms' clusters are apart, so that all
 * matrices are one number an arm (two by two with weights). */
#include "dim_block.h"

#include <math.h>

#include "compensated.h"

#define ROOM 1e-12

static void arm_of_rows(dim_arm_t *arm, bool weighted)
{
    const dim_cell_t *cell = arm->cell;
    double n = (double)cell->n;
    arm->units = cell->n;
    if (cell->n < 2)
        return;
    arm->variance =
        weighted ? cell->spread / (cell->weight * cell->weight) : cell->spread / (n - 1) / n;
}

/* Sums for the df, one cluster at a time. */
typedef struct tally {
    compensated_t variance, a, q, aa, aq;
    double m[2][2];
} tally_t;

static void tally_add(tally_t *tally, double score, double a, double q)
{
    compensated_add(&tally->variance, score * score);
    compensated_add(&tally->a, a);
    compensated_add(&tally->q, q);
    compensated_add(&tally->aa, a * a);
    compensated_add(&tally->aq, a * q);
}

/* Constant weights: the hat matrix of a cluster of n rows has the one eigenvalue n/N. */
static void plain_cluster(tally_t *tally, const dim_cluster_t *cluster, const dim_cell_t *cell)
{
    double total = (double)cell->n, n = (double)cluster->n, share = n / total, room = 1 - share;
    double inverse = room > ROOM ? 1 / room : 0;
    double residual = n * (cluster->mean - cell->mean);
    double q = share * share * inverse / total;
    tally_add(tally, sqrt(inverse) * residual / total, share * inverse / total, q);
    tally->m[0][0] += q;
}

/* Eigenvalues and orthonormal eigenvectors (columns) of a symmetric 2 x 2 matrix, by one Jacobi
 * rotation. */
static void eigen2(double matrix[2][2], double value[2], double vector[2][2])
{
    double off = matrix[0][1], t = 0, c, s;
    if (off != 0) {
        double theta = (matrix[1][1] - matrix[0][0]) / (2 * off);
        t = (theta >= 0 ? 1 : -1) / (fabs(theta) + hypot(1, theta));
    }
    c = 1 / hypot(1, t);
    s = t * c;
    value[0] = matrix[0][0] - t * off;
    value[1] = matrix[1][1] + t * off;
    vector[0][0] = c;
    vector[1][0] = -s;
    vector[0][1] = s;
    vector[1][1] = c;
}

static void multiply2(double a[2][2], double b[2][2], double ret[2][2])
{
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            ret[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j];
}

/* Y with F Y orthonormal, for F'F = gram; a direction that F lacks becomes a zero column. */
static void whiten(double gram[2][2], double ret[2][2])
{
    double scale[2], correlation[2][2], value[2], vector[2][2], largest;
    for (int i = 0; i < 2; i++)
        scale[i] = gram[i][i] > 0 ? sqrt(gram[i][i]) : 1;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            correlation[i][j] = gram[i][j] / (scale[i] * scale[j]);
    eigen2(correlation, value, vector);
    largest = fmax(value[0], value[1]);
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++)
            ret[i][j] = value[j] > 1e-10 * largest ? vector[i][j] / (scale[i] * sqrt(value[j])) : 0;
}

/* N = gram Y E, where E diag(h) E' = I - (gram Y)' T (gram Y), and the back-transformed Y E. */
static void adjustment(double gram[2][2], double t[2][2], double n[2][2], double back[2][2],
                       double h[2])
{
    double y[2][2], n0[2][2], tn[2][2], rest[2][2], vector[2][2];
    whiten(gram, y);
    multiply2(gram, y, n0);
    multiply2(t, n0, tn);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            rest[i][j] = (i == j) - (n0[0][i] * tn[0][j] + n0[1][i] * tn[1][j]);
    rest[0][1] = rest[1][0] = 0.5 * (rest[0][1] + rest[1][0]);
    eigen2(rest, h, vector);
    multiply2(n0, vector, n);
    multiply2(y, vector, back);
}

/* Weights, identity working covariance; weights scaled to mean 1 in the arm.  The steps are those
 * of docs/methods/difference-in-means.md with one coefficient. */
static void weighted_cluster(tally_t *tally, const dim_cluster_t *cluster, const dim_cell_t *cell,
                             double omega)
{
    double total = (double)cell->n, rescale = total / cell->weight, n = (double)cluster->n;
    double w = cluster->weight * rescale, ww = cluster->squares * rescale * rescale;
    double gram[2][2] = {{n / total, w / total}, {w / total, ww / total}};
    double t[2][2] = {{-omega, 1}, {1, 0}};
    const double score[2] = {n * (cluster->mean - cell->mean) / sqrt(total),
                             w * (cluster->weighted_mean - cell->mean) / sqrt(total)};
    double side[2][2], back[2][2], h[2];
    double adjusted = score[1], c[2] = {gram[0][1], gram[1][1]}, c2 = gram[1][1], q;
    adjustment(gram, t, side, back, h);
    for (int j = 0; j < 2; j++) {
        double f = (h[j] > ROOM ? 1 / sqrt(h[j]) : 0) - 1;
        adjusted += side[1][j] * f * (back[0][j] * score[0] + back[1][j] * score[1]);
        c[0] += side[0][j] * f * side[1][j];
        c[1] += side[1][j] * f * side[1][j];
        c2 += side[1][j] * ((1 + f) * (1 + f) - 1) * side[1][j];
    }
    /* l = 1/sqrt(total) in every product. */
    q = (2 * c[0] * c[1] - omega * c[0] * c[0]) / total;
    tally_add(tally, adjusted / sqrt(total), c2 / total, q);
    tally->m[0][0] += c[0] * c[0] / total;
    tally->m[0][1] += c[0] * c[1] / total;
    tally->m[1][1] += c[1] * c[1] / total;
}

/* Trace of (T M)^2. */
static double trace_square(double t[2][2], double m[2][2])
{
    double product[2][2];
    m[1][0] = m[0][1];
    multiply2(t, m, product);
    return product[0][0] * product[0][0] + 2 * product[0][1] * product[1][0] +
           product[1][1] * product[1][1];
}

static double arm_omega(const dim_cell_t *cell, const dim_cluster_t *cluster)
{
    double total = (double)cell->n, rescale = total / cell->weight;
    compensated_t squares = {0};
    for (size_t s = 0; s < cell->clusters; s++)
        compensated_add(&squares, cluster[s].squares);
    return compensated_value(&squares) * rescale * rescale / total;
}

static void arm_of_clusters(dim_arm_t *arm, const pilot_dim_summary_t *summary)
{
    const dim_cell_t *cell = arm->cell;
    const dim_cluster_t *cluster = summary->cluster + cell->first_cluster;
    double omega;
    tally_t tally = {0};
    arm->units = cell->clusters;
    if (cell->clusters < 2)
        return;
    omega = summary->weighted ? arm_omega(cell, cluster) : 0;
    for (size_t s = 0; s < cell->clusters; s++) {
        if (summary->weighted)
            weighted_cluster(&tally, &cluster[s], cell, omega);
        else
            plain_cluster(&tally, &cluster[s], cell);
    }
    arm->variance = compensated_value(&tally.variance);
    arm->satterthwaite = (dim_satterthwaite_t){
        .a = compensated_value(&tally.a),
        .q = compensated_value(&tally.q),
        .aa = compensated_value(&tally.aa),
        .aq = compensated_value(&tally.aq),
        .m = summary->weighted ? trace_square((double[2][2]){{-omega, 1}, {1, 0}}, tally.m)
                               : tally.m[0][0] * tally.m[0][0],
    };
}

void dim_block_fill(dim_block_t *block, const pilot_dim_summary_t *summary,
                    const dim_cell_t *treated, const dim_cell_t *control)
{
    *block = (dim_block_t){.summary = summary,
                           .treated = {.cell = treated},
                           .control = {.cell = control},
                           .weight = treated->weight + control->weight,
                           .effect = treated->mean - control->mean};
    if (summary->clustered) {
        arm_of_clusters(&block->treated, summary);
        arm_of_clusters(&block->control, summary);
    } else {
        arm_of_rows(&block->treated, summary->weighted);
        arm_of_rows(&block->control, summary->weighted);
    }
    block->small = block->treated.units == 1 || block->control.units == 1;
    block->leverage_one = treated->leverage_one || control->leverage_one;
}

double dim_satterthwaite_df(const dim_block_t *block)
{
    const dim_satterthwaite_t *t = &block->treated.satterthwaite,
                              *c = &block->control.satterthwaite;
    double trace = (t->a + c->a) - (t->q + c->q);
    return trace * trace / ((t->aa + c->aa) - 2 * (t->aq + c->aq) + (t->m + c->m));
}

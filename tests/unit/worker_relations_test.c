/* Equivalences that ols, lin and iv must keep, on thousands of random designs, of an agency and
 * pooled: other labels, rows twice at half the weight, block indicators in place of absorbed
 * blocks, clusters of one unit. */
#include <math.h>

#include "worker_table_jobs.h"

enum { CASES = 1500, MOST = 160 };

static uint64_t state;

static double uniform(void)
{
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

typedef struct unit {
    unsigned agency, block, cluster, arm;
    double y, x, r, w;
} unit_t;

typedef struct design {
    unit_t unit[MOST];
    size_t units;
    bool blocked, clustered, weighted;
} design_t;

/* Two agencies of 2 or 3 blocks of 6 to 8 clusters of 1 to 3 units, two arms in each block. */
static void draw(uint64_t seed, design_t *design)
{
    state = seed;
    *design = (design_t){
        .blocked = uniform() < 0.6, .clustered = uniform() < 0.5, .weighted = uniform() < 0.4};
    unsigned cluster = 0;
    for (unsigned block = 0; block < 5; block++) {
        unsigned clusters = 6 + (unsigned)(3 * uniform());
        for (unsigned k = 0; k < clusters; k++, cluster++) {
            unsigned units = 1 + (unsigned)(3 * uniform());
            double own = uniform(), weight = 0.5 + uniform();
            for (unsigned u = 0; u < units && design->units < MOST; u++) {
                unit_t unit = {.agency = block > 2,
                               .block = block,
                               .cluster = cluster,
                               .arm = k % 2,
                               .w = 0.5 + weight * uniform()};
                unit.x = uniform() + block;
                unit.r = (unit.arm && uniform() < 0.8) || uniform() < 0.1;
                unit.y = own + unit.x + uniform() + 0.7 * unit.r + block;
                design->unit[design->units++] = unit;
            }
        }
    }
}

typedef struct print {
    unsigned relabel; /* 0: labels in order; else multiplied by it, modulo 997 */
    int copies;
} print_t;

static table_t make_table(const design_t *design, print_t how)
{
    char *text = NULL;
    size_t length = 0;
    unsigned by = how.relabel ? how.relabel : 1;
    FILE *out = open_memstream(&text, &length);
    fputs("agency,unit,block,cluster,own,arm,y,x,r,w\n", out);
    for (unsigned i = 0; i < design->units; i++)
        for (int copy = 0; copy < how.copies; copy++) {
            const unit_t *unit = &design->unit[i];
            fprintf(out, "a%u,u%03u%d,p%03u,k%03u,s%03u,%s,%.17g,%.17g,%g,%.17g\n", unit->agency,
                    (i + 1) * by % 997, copy, (unit->block + 1) * by % 997,
                    (unit->cluster + 1) * by % 997, i, unit->arm ? "a" : "c", unit->y, unit->x,
                    unit->r, (design->weighted ? unit->w : 1) / how.copies);
        }
    fclose(out);
    return table_parse(text);
}

static jobs_plan_t plan_of(const design_t *design)
{
    jobs_plan_t plan = {.arm = {"c", "a"},
                        .outcome = {"y"},
                        .covariate = {"x"},
                        .estimator = {"ols", "lin", "iv"},
                        .received = "r",
                        .agency = {"a0", "a1"}};
    plan.block = design->blocked ? "block" : NULL;
    plan.cluster = design->clustered ? "cluster" : NULL;
    plan.weight = design->weighted ? "w" : NULL;
    return plan;
}

enum { ESTIMATE = 1, STD_ERROR = 2, DF = 4 };

static bool near(bool has_a, double a, bool has_b, double b)
{
    return has_a == has_b && (!has_a || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b)));
}

/* Rows of agency a0 and pooled; lin only where asked for. */
static bool agree(const jobs_results_t *one, const jobs_results_t *other, unsigned what, bool lin)
{
    static const char *const names[] = {"ols", "iv", "lin"};
    bool good = true;
    for (int e = 0; e < (lin ? 3 : 2); e++)
        for (int pooled = 0; pooled < 2; pooled++) {
            jobs_key_t key = {.agency = pooled ? NULL : "a0",
                              .outcome = "y",
                              .arm = "a",
                              .estimand = e == 1 ? "cace" : "itt",
                              .estimator = names[e]};
            const Pilot__Effect *a = jobs_find(one, key), *b = jobs_find(other, key);
            bool same = a && b && a->has_estimate;
            if (same && what & ESTIMATE)
                same = fabs(a->estimate - b->estimate) <= 1e-9 * (fabs(a->estimate) + 1e-3);
            if (same && what & STD_ERROR)
                same = near(a->has_std_error, a->std_error, b->has_std_error, b->std_error);
            if (same && what & DF)
                same = near(a->has_df, a->df, b->has_df, b->df);
            if (!same && a && b)
                printf("# %s%s: %.17g %.17g, %.17g %.17g, %.17g %.17g (%s, %s)\n", names[e],
                       pooled ? ", pooled" : "", a->estimate, b->estimate, a->std_error,
                       b->std_error, a->df, b->df, a->status, b->status);
            good &= same;
        }
    return good;
}

/* Does `change` of plan or table leave the results as they are? */
static bool compare(const design_t *design, const jobs_plan_t *plan, const jobs_plan_t *other,
                    print_t how, unsigned what, bool lin)
{
    table_t plain = make_table(design, (print_t){.copies = 1}), changed = make_table(design, how);
    jobs_results_t one = jobs_run(plan, &plain), two = jobs_run(other, &changed);
    bool good = agree(&one, &two, what, lin);
    jobs_free(&one);
    jobs_free(&two);
    table_free(&plain);
    table_free(&changed);
    return good;
}

static bool labels_do_not_matter(design_t *design)
{
    jobs_plan_t plan = plan_of(design);
    print_t how = {.relabel = 2 + (unsigned)(990 * uniform()), .copies = 1};
    return compare(design, &plan, &plan, how, ESTIMATE | STD_ERROR | DF, true);
}

/* Clusters' sums are the same; units' are not. */
static bool half_weights_twice(design_t *design)
{
    jobs_plan_t plan = plan_of(design), other;
    plan.std_error = design->clustered ? "CR0" : "HC0";
    other = plan;
    other.weight = "w";
    return compare(design, &plan, &other, (print_t){.copies = 2},
                   design->clustered ? ESTIMATE | STD_ERROR | DF : ESTIMATE, true);
}

static bool dummies_are_absorption(design_t *design)
{
    design->blocked = true;
    jobs_plan_t plan = plan_of(design), other = plan;
    other.block = NULL;
    other.covariate[1] = "#block";
    return compare(design, &plan, &other, (print_t){.copies = 1}, ESTIMATE | STD_ERROR | DF, false);
}

static bool clusters_of_one(design_t *design)
{
    design->clustered = design->weighted = false;
    jobs_plan_t plan = plan_of(design), other = plan;
    other.cluster = "own";
    return compare(design, &plan, &other, (print_t){.copies = 1}, ESTIMATE | STD_ERROR, true);
}

static void hold(const char *name, bool (*relation)(design_t *))
{
    size_t good = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        design_t design;
        draw(seed, &design);
        bool one = relation(&design);
        if (!one)
            printf("# seed %llu\n", (unsigned long long)seed);
        good += one;
    }
    ok(good == CASES, "%s: %zu of %d random designs", name, good, CASES);
}

int main(void)
{
    hold("labels of units, clusters and blocks do not matter", labels_do_not_matter);
    hold("rows twice at half the weight give the same", half_weights_twice);
    hold("block indicators are absorbed blocks", dummies_are_absorption);
    hold("CR2 of clusters of one unit is HC2", clusters_of_one);
    return tap_done();
}

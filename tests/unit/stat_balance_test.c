/* Balance checks: merged is whole, order and scale and the arms' names do not matter, alarms on
 * both sides of their thresholds, and words where there is no number. */
#include "pilot/balance.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"

enum { MOST = 480 };

/* Rows of one agency (or of all); number, a category of up to three levels, an outcome. */
typedef struct data {
    size_t rows, arms, levels;
    uint16_t arm[MOST];
    uint32_t block[MOST], cluster[MOST], code[MOST];
    double weight[MOST], x[MOST], z[MOST], y[MOST];
    uint8_t has_x[MOST], has_y[MOST];
    bool blocked, clustered, weighted;
    const char *level[3];
    const char *label[MOST];
} data_t;

static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

static const char *const label_of[] = {"00", "01", "02", "03", "04", "05", "06", "07", "08", "09",
                                       "10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
                                       "20", "21", "22", "23", "24", "25", "26", "27", "28", "29",
                                       "30", "31", "32", "33", "34", "35", "36", "37", "38", "39"};

static pilot_balance_t *summarize(const data_t *data, bool across)
{
    pilot_frame_t frame = {.rows = data->rows,
                           .arms = data->arms,
                           .arm = data->arm,
                           .block = data->blocked ? data->block : NULL,
                           .blocks = data->blocked ? 40 : 0,
                           .cluster = data->clustered ? data->cluster : NULL,
                           .clusters = data->clustered ? 40 : 0,
                           .weight = data->weighted ? data->weight : NULL,
                           .block_label = label_of,
                           .cluster_label = label_of};
    pilot_variable_t x = {data->x, data->has_x}, z = {data->z, NULL}, y = {data->y, data->has_y};
    pilot_category_t g = {data->code, data->levels, data->level};
    const pilot_balance_covariate_t covariate[] = {
        {.number = &x}, {.number = &z, .binary = true}, {.category = &g}};
    return pilot_balance_summarize(&frame, covariate, 3, &y, 1, across);
}

typedef struct checks {
    pilot_balance_t *merged;
    pilot_quality_row_t *row;
    size_t rows;
} checks_t;

static checks_t check(pilot_balance_t **balance, size_t count)
{
    checks_t checks;
    checks.merged = pilot_balance_merge((const pilot_balance_t *const *)balance, count);
    checks.row = pilot_balance_check(checks.merged, &checks.rows);
    for (size_t i = 0; i < count; i++)
        pilot_balance_free(balance[i]);
    return checks;
}

static checks_t check_one(const data_t *data)
{
    pilot_balance_t *balance = summarize(data, false);
    return check(&balance, 1);
}

static void clear(checks_t *checks)
{
    free(checks->row);
    pilot_balance_free(checks->merged);
}

static const pilot_quality_row_t *find(const checks_t *checks, const char *name, size_t arm,
                                       size_t covariate, const char *level)
{
    for (size_t i = 0; i < checks->rows; i++) {
        const pilot_quality_row_t *row = &checks->row[i];
        if (strcmp(row->check, name) == 0 && row->arm == arm && row->covariate == covariate &&
            (!level || (row->level && strcmp(row->level, level) == 0)))
            return row;
    }
    return NULL;
}

static bool near(pilot_number_t a, pilot_number_t b, double sign)
{
    return a.given == b.given &&
           (!a.given || fabs(a.value - sign * b.value) <= 1e-10 * (fabs(b.value) + 1e-3));
}

/* Signed rows change sign; joint ones and p-values do not; ratios turn over. */
static bool same_rows(const checks_t *a, const checks_t *b, double sign)
{
    bool same = a->rows == b->rows;
    for (size_t i = 0; same && i < a->rows; i++) {
        const pilot_quality_row_t *p = &a->row[i], *q = &b->row[i];
        double own = strcmp(p->check, "balance") == 0 ? sign : 1;
        pilot_number_t value = q->value;
        if (strcmp(p->check, "variance_ratio") == 0 && sign < 0 && value.given)
            value.value = 1 / value.value;
        same = strcmp(p->check, q->check) == 0 && near(p->value, value, own) &&
               near(p->statistic, q->statistic, own) && near(p->df, q->df, 1) &&
               near(p->p_value, q->p_value, 1) && p->alarm == q->alarm;
    }
    return same;
}

/* Units of one cluster lie together; arms change by cluster where there are clusters. */
static void make(data_t *data, uint64_t *state)
{
    *data = (data_t){.rows = 60 + (size_t)(draw(state) * 300),
                     .arms = 2,
                     .levels = 3,
                     .blocked = draw(state) < 0.5,
                     .clustered = draw(state) < 0.4,
                     .weighted = draw(state) < 0.4,
                     .level = {"a", "b", "c"}};
    size_t size = data->rows / 20 + 1;
    for (size_t i = 0; i < data->rows; i++) {
        data->cluster[i] = (uint32_t)(i / size);
        data->block[i] = (uint32_t)(i / (size * 5));
        data->arm[i] = data->clustered ? (uint16_t)(data->cluster[i] % 2) : draw(state) < 0.4;
        data->weight[i] = draw(state) < 0.05 ? 0 : draw(state) + 0.1;
        data->x[i] = floor(1e4 * draw(state)) / 64;
        data->has_x[i] = draw(state) > 0.1;
        data->z[i] = draw(state) < 0.3;
        data->code[i] = draw(state) < 0.05 ? PILOT_CATEGORY_MISSING : (uint32_t)(3 * draw(state));
        data->has_y[i] = draw(state) > 0.2;
    }
}

/* Two rows of one block and arm change places. */
static data_t exchange_rows(const data_t *data)
{
    data_t other = *data;
    for (size_t i = 0; !data->clustered && i + 1 < data->rows; i += 2)
        if (data->arm[i] == data->arm[i + 1] && data->block[i] == data->block[i + 1] &&
            data->has_x[i] && data->has_x[i + 1] && !data->weighted) {
            other.x[i] = data->x[i + 1], other.x[i + 1] = data->x[i];
            other.z[i] = data->z[i + 1], other.z[i + 1] = data->z[i];
            other.code[i] = data->code[i + 1], other.code[i + 1] = data->code[i];
            other.has_y[i] = data->has_y[i + 1], other.has_y[i + 1] = data->has_y[i];
        }
    return other;
}

static data_t without_weight_0(const data_t *data)
{
    data_t other = *data;
    other.rows = 0;
    for (size_t i = 0; i < data->rows; i++) {
        size_t at = other.rows;
        if (data->weight[i] == 0)
            continue;
        other.arm[at] = data->arm[i], other.block[at] = data->block[i];
        other.cluster[at] = data->cluster[i], other.weight[at] = data->weight[i];
        other.x[at] = data->x[i], other.has_x[at] = data->has_x[i], other.z[at] = data->z[i];
        other.code[at] = data->code[i], other.has_y[at] = data->has_y[i];
        other.rows++;
    }
    return other;
}

static void test_invariance(void)
{
    uint64_t state = 3;
    size_t arms = 0, shift = 0, scale = 0, rows = 0, zero = 0;
    enum { CASES = 300 };
    for (size_t c = 0; c < CASES; c++) {
        data_t data, other;
        make(&data, &state);
        checks_t own = check_one(&data), changed;
        other = data;
        for (size_t i = 0; i < data.rows; i++)
            other.arm[i] = 1 - data.arm[i];
        changed = check_one(&other);
        arms += same_rows(&changed, &own, -1);
        clear(&changed);
        other = data;
        for (size_t i = 0; i < data.rows; i++)
            other.x[i] = data.x[i] + 1e9;
        changed = check_one(&other);
        shift += same_rows(&changed, &own, 1);
        clear(&changed);
        other = data;
        for (size_t i = 0; i < data.rows; i++)
            other.x[i] = data.x[i] * 1e-9;
        changed = check_one(&other);
        scale += same_rows(&changed, &own, 1);
        clear(&changed);
        other = exchange_rows(&data);
        changed = check_one(&other);
        rows += same_rows(&changed, &own, 1);
        clear(&changed);
        clear(&own);
        /* Rows of weight 0 are absent. */
        data.weighted = true;
        own = check_one(&data);
        other = without_weight_0(&data);
        changed = check_one(&other);
        zero += same_rows(&changed, &own, 1);
        clear(&changed);
        clear(&own);
    }
    ok(arms == CASES, "arms that change names change signs (%zu of %d)", arms, CASES);
    ok(shift == CASES, "a covariate + 1e9 gives the same rows (%zu of %d)", shift, CASES);
    ok(scale == CASES, "a covariate x 1e-9 gives the same rows (%zu of %d)", scale, CASES);
    ok(rows == CASES, "rows that change places give the same rows (%zu of %d)", rows, CASES);
    ok(zero == CASES, "rows of weight 0 are absent (%zu of %d)", zero, CASES);
}

/* Rows `part` of `parts`, in order; categories know their own levels only. */
static void take_part(const data_t *data, size_t (*part_of)(const data_t *, size_t, size_t),
                      size_t part, size_t parts, data_t *ret)
{
    uint32_t code[3];
    bool any[3] = {false};
    *ret = *data;
    ret->rows = ret->levels = 0;
    for (size_t i = 0; i < data->rows; i++)
        if (part_of(data, i, parts) == part && data->code[i] != PILOT_CATEGORY_MISSING)
            any[data->code[i]] = true;
    for (size_t l = 0; l < 3; l++) {
        code[l] = (uint32_t)ret->levels;
        if (any[l])
            ret->level[ret->levels++] = data->level[l];
    }
    for (size_t i = 0; i < data->rows; i++) {
        size_t at = ret->rows;
        if (part_of(data, i, parts) != part)
            continue;
        ret->arm[at] = data->arm[i], ret->block[at] = data->block[i];
        ret->cluster[at] = data->cluster[i], ret->weight[at] = data->weight[i];
        ret->x[at] = data->x[i], ret->has_x[at] = data->has_x[i], ret->z[at] = data->z[i];
        ret->code[at] =
            data->code[i] == PILOT_CATEGORY_MISSING ? PILOT_CATEGORY_MISSING : code[data->code[i]];
        ret->has_y[at] = data->has_y[i];
        ret->rows++;
    }
}

static size_t by_block(const data_t *data, size_t i, size_t parts)
{
    return data->block[i] % parts;
}

static size_t by_row(const data_t *data, size_t i, size_t parts)
{
    (void)data;
    return i % parts;
}

/* Without the scores of missing outcomes, whose slopes are each agency's own. */
static void drop_scores(checks_t *checks)
{
    size_t kept = 0;
    for (size_t i = 0; i < checks->rows; i++)
        if (strcmp(checks->row[i].check, "attrition_covariates") != 0)
            checks->row[kept++] = checks->row[i];
    checks->rows = kept;
}

static void test_merging(void)
{
    uint64_t state = 11;
    size_t agencies = 0, across = 0;
    enum { CASES = 200 };
    for (size_t c = 0; c < CASES; c++) {
        data_t data, part;
        pilot_balance_t *balance[3];
        make(&data, &state);
        data.blocked = true;
        for (size_t i = 0; i < data.rows; i++)
            if (data.block[i] % 3 == 0 && data.code[i] == 1)
                data.code[i] = 2; /* a level that the first agency lacks */
        checks_t whole = check_one(&data), merged;
        for (size_t p = 0; p < 3; p++) {
            take_part(&data, by_block, p, 3, &part);
            balance[p] = summarize(&part, false);
        }
        merged = check(balance, 3);
        drop_scores(&whole);
        drop_scores(&merged);
        agencies += same_rows(&merged, &whole, 1);
        clear(&merged);
        clear(&whole);
        /* Clusters and blocks that span agencies. */
        data.clustered = true;
        data.blocked = draw(&state) < 0.5;
        for (size_t i = 0; i < data.rows; i++)
            data.arm[i] = data.cluster[i] % 2;
        whole = check_one(&data);
        for (size_t p = 0; p < 3; p++) {
            take_part(&data, by_row, p, 3, &part);
            balance[p] = summarize(&part, true);
        }
        merged = check(balance, 3);
        drop_scores(&whole);
        drop_scores(&merged);
        across += same_rows(&merged, &whole, 1);
        clear(&merged);
        clear(&whole);
    }
    ok(agencies == CASES, "agencies' sums are those of the whole (%zu of %d)", agencies, CASES);
    ok(across == CASES, "so are those of clusters that span agencies (%zu of %d)", across, CASES);
}

/* n rows an arm; the treated have x one unit higher in `more` of n rows. */
static void make_shift(data_t *data, size_t n, double shift)
{
    *data = (data_t){.rows = 2 * n, .arms = 2, .levels = 1, .level = {"a"}};
    for (size_t i = 0; i < 2 * n; i++) {
        data->arm[i] = i % 2;
        data->x[i] = (double)((i / 2) % 5) + (i % 2 ? shift : 0);
        data->has_x[i] = data->has_y[i] = 1;
    }
}

static void test_balance_alarm(void)
{
    data_t data;
    /* t with 98 df: two-sided p 0.01 at 2.627; the standard error is sqrt(2 s^2 / 50), s^2 =
     * 100/49. */
    double critical = 2.6269310940; /* qt(0.995, 98) */
    double error = sqrt(2 * (100.0 / 49) / 50);
    for (int side = -1; side <= 1; side += 2) {
        make_shift(&data, 50, critical * error * (1 + side * 1e-6));
        checks_t checks = check_one(&data);
        const pilot_quality_row_t *row =
            find(&checks, "balance_omnibus", 1, PILOT_QUALITY_NONE, NULL);
        ok(row->alarm == (side > 0) && fabs(row->p_value.value - 0.01) < 1e-6,
           "omnibus: p %s 0.01 %s", side > 0 ? "below" : "above", side > 0 ? "alarms" : "is quiet");
        ok(!find(&checks, "balance", 1, 0, NULL)->alarm, "a single covariate never alarms");
        is_close(find(&checks, "balance", 1, 0, NULL)->statistic.value,
                 critical * (1 + side * 1e-6), 1e-9, "one covariate: Welch's t");
        is_text(find(&checks, "balance", 1, 1, NULL)->detail, "constant", "a constant says so");
        clear(&checks);
    }
}

static void test_apart(void)
{
    data_t data;
    for (size_t n = 2; n <= 6; n += 4) {
        make_shift(&data, n, 0);
        for (size_t i = 0; i < data.rows; i++)
            data.z[i] = data.arm[i];
        checks_t checks = check_one(&data);
        const pilot_quality_row_t *row =
            find(&checks, "balance_omnibus", 1, PILOT_QUALITY_NONE, NULL);
        /* 4 over 2 is 6, 12 over 6 is 924 */
        is_close(row->p_value.value, n == 2 ? 2.0 / 6 : 2.0 / 924, 1e-12,
                 "arms that a covariate tells apart: how likely by chance, %zu an arm", n);
        ok(row->alarm == (n == 6), "and an alarm when that is not likely");
        ok(!find(&checks, "balance", 1, 1, NULL)->statistic.given &&
               find(&checks, "balance", 1, 1, NULL)->detail[0],
           "its own row says so");
        clear(&checks);
    }
}

static void test_words(void)
{
    data_t data;
    make_shift(&data, 3, 0.5);
    for (size_t i = 0; i < data.rows; i++)
        data.arm[i] = i == 0;
    checks_t checks = check_one(&data);
    is_text(find(&checks, "balance_omnibus", 1, PILOT_QUALITY_NONE, NULL)->detail,
            "too few units for a test", "one unit in an arm: no test");
    ok(find(&checks, "balance", 1, 0, NULL)->value.given &&
           !find(&checks, "balance", 1, 0, NULL)->p_value.given,
       "but a difference");
    clear(&checks);
    for (size_t i = 0; i < data.rows; i++)
        data.arm[i] = 0;
    checks = check_one(&data);
    is_text(find(&checks, "balance_omnibus", 1, PILOT_QUALITY_NONE, NULL)->detail,
            "no block has both arms", "one arm: no difference");
    ok(!find(&checks, "balance", 1, 0, NULL), "and no row for it");
    clear(&checks);
    data.rows = 0;
    checks = check_one(&data);
    ok(checks.rows == 2, "no rows: words alone");
    clear(&checks);
    make_shift(&data, 8, 0.5);
    data.has_x[3] = 0;
    for (size_t i = 0; i < data.rows; i++)
        data.code[i] = PILOT_CATEGORY_MISSING;
    checks = check_one(&data);
    is_text(find(&checks, "balance", 1, 0, NULL)->detail, "1 missing", "missing rows are counted");
    is_text(find(&checks, "balance", 1, 2, "a")->detail, "no block has it in both arms; 16 missing",
            "a covariate that all miss says so");
    clear(&checks);
}

/* 2n rows an arm, half of them with z; `lost` treated rows with z and as many control rows without
 * it miss the outcome. */
static pilot_quality_row_t attrition(size_t n, size_t lost)
{
    data_t data = {.rows = 4 * n, .arms = 2, .levels = 1, .level = {"a"}};
    for (size_t i = 0; i < data.rows; i++) {
        size_t kind = i % 4;
        data.arm[i] = kind >= 2;
        data.z[i] = kind == 1 || kind == 3;
        data.has_x[i] = 1;
        data.has_y[i] = !((kind == 3 || kind == 0) && i / 4 < lost);
    }
    checks_t checks = check_one(&data);
    pilot_quality_row_t row = *find(&checks, "attrition_covariates", 1, PILOT_QUALITY_NONE, NULL);
    clear(&checks);
    return row;
}

static void test_attrition_alarm(void)
{
    pilot_quality_row_t few = attrition(20, 1), some = attrition(20, 2), many = attrition(20, 3);
    /* R: r <- resid(lm(m ~ z + x)), g <- resid(lm(z * x ~ z + x)), sum(g r)^2 / sum((g r)^2) (1 -
     * 2/80). */
    is_close(few.statistic.value, 2.051282051282052 * 78 / 80, 1e-12, "the score test by hand");
    is_close(some.p_value.value, 0.04274993803789422, 1e-12, "and its tail");
    ok(few.p_value.given && few.p_value.value > 0.05 && !few.alarm, "one lost each: quiet");
    ok(some.p_value.value < 0.05 && some.alarm && many.alarm, "two lost each: alarm");
    ok(few.df.value == 1, "one covariate varies");
    is_text(attrition(20, 0).detail, "nothing missing", "nothing missing says so");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_invariance();
    test_merging();
    test_balance_alarm();
    test_apart();
    test_words();
    test_attrition_alarm();
    return tap_done();
}

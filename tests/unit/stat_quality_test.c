/* Quality checks: against R's tests on STAR (tests/golden/quality/make_quality.R), mergeable over
 * agencies, and silent where nothing can be tested. */
#include "pilot/quality.h"

#include <gsl/gsl_errno.h>
#include <math.h>

#include "../harness/table.h"
#include "../harness/tap.h"

static const char *const arms[] = {"regular", "small", "regular+aide", NULL};
static const char *const outcomes[] = {"reading", "math"};
static const double declared[] = {0.35, 0.30, 0.35};

/* One school's (or, without, the whole state's) summary through a piece. */
static pilot_quality_t *summarize(const table_t *star, const char *school, const char *cluster,
                                  bool across)
{
    table_columns_t columns = {.outcome = "reading",
                               .arm = "class_type",
                               .cluster = cluster,
                               .unit = "student",
                               .filter = school ? "school" : NULL,
                               .filter_value = school,
                               .arms = arms};
    table_frame_t reading = table_make_frame(star, &columns), math;
    pilot_piece_t piece = {0};
    pilot_quality_t *quality, *back = NULL;
    columns.outcome = "math";
    math = table_make_frame(star, &columns);
    const pilot_variable_t both[] = {reading.outcome, math.outcome};
    quality = pilot_quality_summarize(&reading.frame, both, 2, NULL, across);
    pilot_quality_pack(quality, &piece);
    pilot_label_t *label = calloc(piece.labels + 1, sizeof *label);
    for (size_t i = 0; i < piece.labels; i++)
        label[i] = (pilot_label_t){piece.label[i], strlen(piece.label[i])};
    pilot_piece_reader_t reader = {piece.number, piece.numbers, piece.count,
                                   piece.counts, label,         piece.labels};
    if (pilot_quality_unpack(&reader, &back, NULL) != PILOT_OK || !pilot_piece_at_end(&reader))
        printf("Bail out! a packed summary cannot be read\n");
    pilot_quality_free(quality);
    pilot_piece_clear(&piece);
    free(label);
    table_frame_free(&reading);
    table_frame_free(&math);
    return back;
}

static const pilot_quality_row_t *find(const pilot_quality_row_t *row, size_t rows,
                                       const char *check, size_t arm, size_t variable)
{
    for (size_t i = 0; i < rows; i++)
        if (strcmp(row[i].check, check) == 0 && row[i].arm == arm && row[i].variable == variable)
            return &row[i];
    return NULL;
}

static bool near(pilot_number_t got, const char *want)
{
    double value = strtod(want, NULL);
    if (strcmp(want, "NA") == 0)
        return !got.given;
    return got.given && fabs(got.value - value) <= 1e-9 * fmax(fabs(value), 1e-9);
}

static void compare(const table_t *golden, const char *scope, const pilot_quality_row_t *row,
                    size_t rows)
{
    for (size_t i = 0; i < golden->rows; i++) {
        const char *arm = table_get(golden, i, "arm"), *variable = table_get(golden, i, "variable");
        size_t code = *arm ? table_arm_code(arms, arm) : PILOT_QUALITY_NONE;
        size_t outcome = *variable ? strcmp(variable, outcomes[1]) == 0 : PILOT_QUALITY_NONE;
        const pilot_quality_row_t *got;
        if (strcmp(table_get(golden, i, "scope"), scope) != 0)
            continue;
        got = find(row, rows, table_get(golden, i, "check"), code, outcome);
        ok(got && near(got->value, table_get(golden, i, "value")) &&
               near(got->statistic, table_get(golden, i, "statistic")) &&
               near(got->df, table_get(golden, i, "df")) &&
               near(got->p_value, table_get(golden, i, "p_value")),
           "%s: %s %s %s is R's", scope, table_get(golden, i, "check"), arm, variable);
    }
}

static size_t schools_of(const table_t *star, const char **school)
{
    size_t schools = 0;
    for (size_t i = 0; i < star->rows; i++) {
        const char *name = table_get(star, i, "school");
        size_t s = 0;
        while (s < schools && strcmp(school[s], name) != 0)
            s++;
        if (s == schools)
            school[schools++] = name;
    }
    return schools;
}

static void test_star(void)
{
    table_t star = table_read("deploy/demo/star_kindergarten.csv");
    table_t golden = table_read("tests/golden/quality/quality.csv");
    const char *school[200];
    pilot_quality_t *quality[200];
    size_t schools = schools_of(&star, school), rows;
    pilot_quality_row_t *row;
    for (size_t s = 0; s < schools; s++) {
        quality[s] = summarize(&star, school[s], NULL, false);
        if (strcmp(school[s], "9") != 0)
            continue;
        row = pilot_quality_check((const pilot_quality_t *const *)&quality[s], 1, declared, &rows);
        compare(&golden, "9", row, rows);
        free(row);
    }
    row = pilot_quality_check((const pilot_quality_t *const *)quality, schools, declared, &rows);
    compare(&golden, "star", row, rows);
    ok(find(row, rows, "count", 1, PILOT_QUALITY_NONE)->value.value == 1900,
       "counts by arm add up over agencies");
    ok(find(row, rows, "attrition", 0, 0)->value.given &&
           !find(row, rows, "attrition", 0, 0)->p_value.given,
       "the control arm has a rate and no test");
    free(row);
    row = pilot_quality_check((const pilot_quality_t *const *)quality, schools, NULL, &rows);
    ok(!find(row, rows, "sample_ratio", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE) &&
           find(row, rows, "sample_ratio", 1, PILOT_QUALITY_NONE)->value.given,
       "without declared probabilities: shares, no test");
    free(row);
    for (size_t s = 0; s < schools; s++)
        pilot_quality_free(quality[s]);
    table_free(&star);
    table_free(&golden);
}

/* Clusters: 8 of 6 rows, four an arm; missing rows given per cluster. */
static pilot_quality_t *clusters(const unsigned *missing, unsigned part, unsigned parts,
                                 bool across)
{
    static const char *const label[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    uint16_t arm[48];
    uint32_t cluster[48];
    uint8_t present[48];
    double value[48] = {0};
    size_t rows = 0;
    for (unsigned s = 0; s < 8; s++) {
        for (unsigned i = 0; i < 6; i++) {
            if (i % parts != part)
                continue;
            arm[rows] = s % 2;
            cluster[rows] = s;
            present[rows++] = i >= missing[s];
        }
    }
    pilot_frame_t frame = {.rows = rows,
                           .arms = 2,
                           .arm = arm,
                           .cluster = cluster,
                           .clusters = 8,
                           .cluster_label = label};
    pilot_variable_t outcome = {value, present};
    return pilot_quality_summarize(&frame, &outcome, 1, NULL, across);
}

static void test_clusters(void)
{
    const unsigned missing[] = {0, 3, 1, 5, 0, 2, 1, 4};
    pilot_quality_t *whole = clusters(missing, 0, 1, false);
    pilot_quality_t *parts[] = {clusters(missing, 0, 3, true), clusters(missing, 1, 3, true),
                                clusters(missing, 2, 3, true)};
    size_t rows, rows_across;
    pilot_quality_row_t *row =
        pilot_quality_check((const pilot_quality_t *const *)&whole, 1, NULL, &rows);
    pilot_quality_row_t *across =
        pilot_quality_check((const pilot_quality_t *const *)parts, 3, NULL, &rows_across);
    const pilot_quality_row_t *got = find(row, rows, "attrition", 1, 0);
    /* Clusters of equal size: r is missing - 2; in the arm 1 + 3 + 0 + 2 = 6; sum r^2 = 24. */
    double variance = 4.0 * 4 / (8 * 7) * 24;
    is_close(got->statistic.value, 36 / variance, 1e-14, "clustered: clusters are drawn, not rows");
    ok(got->alarm && got->p_value.value < 0.05, "and an arm that loses more alarms");
    is_text(find(row, rows, "count", 1, PILOT_QUALITY_NONE)->detail, "4 clusters",
            "counts tell the clusters");
    ok(rows == rows_across, "across agencies: the same rows");
    for (size_t i = 0; i < rows && i < rows_across; i++)
        ok(row[i].value.value == across[i].value.value &&
               row[i].statistic.value == across[i].statistic.value &&
               row[i].alarm == across[i].alarm && strcmp(row[i].detail, across[i].detail) == 0,
           "across agencies: %s of whole clusters", row[i].check);
    free(row);
    free(across);
    pilot_quality_free(whole);
    for (size_t i = 0; i < 3; i++)
        pilot_quality_free(parts[i]);
}

static void test_one_arm_agency(void)
{
    uint16_t arm[6] = {1, 1, 1, 1, 1, 1};
    uint32_t cluster[6] = {0};
    double value[6] = {0};
    static const char *const label[] = {"a"};
    pilot_frame_t frame = {.rows = 6,
                           .arms = 2,
                           .arm = arm,
                           .cluster = cluster,
                           .clusters = 1,
                           .cluster_label = label};
    pilot_variable_t outcome = {value, NULL};
    for (int across = 0; across < 2; across++) {
        size_t rows;
        pilot_quality_t *quality = pilot_quality_summarize(&frame, &outcome, 1, NULL, across);
        pilot_quality_row_t *row =
            pilot_quality_check((const pilot_quality_t *const *)&quality, 1, NULL, &rows);
        ok(find(row, rows, "treated_share", 1, PILOT_QUALITY_NONE)->alarm == !across,
           "an agency with one arm alarms%s", across ? ", but not where arms span agencies" : "");
        is_text(find(row, rows, "count", 1, PILOT_QUALITY_NONE)->detail, "1 cluster",
                "one cluster is one cluster");
        free(row);
        pilot_quality_free(quality);
    }
}

static void test_alarms(void)
{
    uint16_t arm[400];
    uint32_t block[400];
    double value[400] = {0};
    static const char *const label[] = {"a", "b", "c", "d"};
    const double half[] = {0.5, 0.5};
    size_t rows;
    for (size_t i = 0; i < 400; i++) {
        arm[i] = i % 10 < 2 || i >= 300;
        block[i] = (uint32_t)i / 100;
    }
    pilot_frame_t frame = {
        .rows = 400, .arms = 2, .arm = arm, .block = block, .blocks = 4, .block_label = label};
    pilot_variable_t outcome = {value, NULL};
    pilot_quality_t *quality = pilot_quality_summarize(&frame, &outcome, 1, NULL, false);
    pilot_quality_row_t *row =
        pilot_quality_check((const pilot_quality_t *const *)&quality, 1, half, &rows);
    const pilot_quality_row_t *got;
    ok(find(row, rows, "sample_ratio", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE)->alarm,
       "a share far from the declared one alarms");
    is_text(find(row, rows, "treated_share", 1, PILOT_QUALITY_NONE)->detail,
            "4 blocks, from 0.2 to 1; 1 without one of the arms", "treated share tells its range");
    ok(find(row, rows, "treated_share", 1, PILOT_QUALITY_NONE)->alarm,
       "a block without one of the arms alarms");
    ok(find(row, rows, "attrition", 1, 0)->value.value == 0 &&
           !find(row, rows, "attrition", 1, 0)->statistic.given &&
           !find(row, rows, "attrition", 1, 0)->alarm,
       "nothing missing: rate 0, no test, no alarm");
    got = find(row, rows, "design_check", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE);
    /* 20 : 80 in three blocks, 0 : 100 in one, against 50 : 50. */
    is_close(got->statistic.value, 3 * 36 + 100, 1e-13, "the design is checked block by block");
    ok(got->df.value == 4 && got->alarm, "and alarms");
    is_text(got->detail, "probabilities declared", "the source of the probabilities is told");
    free(row);
    pilot_quality_free(quality);
    frame.rows = 0;
    quality = pilot_quality_summarize(&frame, &outcome, 1, NULL, false);
    row = pilot_quality_check((const pilot_quality_t *const *)&quality, 1, half, &rows);
    ok(!find(row, rows, "sample_ratio", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE) &&
           !find(row, rows, "treated_share", 1, PILOT_QUALITY_NONE) &&
           !find(row, rows, "attrition", 1, 0)->value.given &&
           find(row, rows, "count", 1, PILOT_QUALITY_NONE)->value.value == 0,
       "no rows: counts of 0 and nothing else");
    free(row);
    pilot_quality_free(quality);
}

/* `blocks` blocks of `size` rows, `treated` of them in the arm. */
static pilot_quality_row_t design_of(size_t blocks, size_t size, size_t treated, double probability)
{
    uint16_t arm[400];
    uint32_t block[400];
    double value[400] = {0};
    const double declared_of[] = {1 - probability, probability};
    size_t rows;
    for (size_t i = 0; i < blocks * size; i++) {
        arm[i] = i % size < treated;
        block[i] = (uint32_t)(i / size);
    }
    pilot_frame_t frame = {
        .rows = blocks * size, .arms = 2, .arm = arm, .block = block, .blocks = blocks};
    pilot_variable_t outcome = {value, NULL};
    pilot_quality_t *quality = pilot_quality_summarize(&frame, &outcome, 1, NULL, false);
    pilot_quality_row_t *row =
        pilot_quality_check((const pilot_quality_t *const *)&quality, 1, declared_of, &rows);
    pilot_quality_row_t got =
        *find(row, rows, "design_check", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE);
    free(row);
    pilot_quality_free(quality);
    return got;
}

static void test_design(void)
{
    pilot_quality_row_t got = design_of(1, 400, 166, 0.5);
    ok(got.p_value.value < 0.001 && got.alarm, "a design alarms below p = 0.001");
    got = design_of(1, 400, 168, 0.5);
    ok(got.p_value.value > 0.001 && got.p_value.value < 0.002 && !got.alarm, "and not above");
    got = design_of(20, 2, 1, 0.5);
    ok(got.statistic.value == 0 && got.df.value == 20 && got.p_value.value == 1,
       "pairs as declared are as declared");
    /* A tenth treated in blocks of 4: the statistic's variance is 2 + (1/.1 + 1/.9 - 6) / 4 a block
     * (exact over the binomial), its mean 1. */
    got = design_of(50, 4, 1, 0.1);
    double scale = (2 + (1 / 0.1 + 1 / 0.9 - 6) / 4) / 2;
    double pearson = 50 * (0.6 * 0.6 / 0.4 + 0.6 * 0.6 / 3.6);
    is_close(got.statistic.value, pearson / scale, 1e-12, "small blocks: moments of Pearson's sum");
    is_close(got.df.value, 50 / scale, 1e-12, "small blocks: df by moments");
    ok(strstr(got.detail, "; small blocks: chi-square"), "small blocks are told");
}

/* Two blocks of `size` rows and `arms` arms, in turn; probability of each row's arm. */
static pilot_quality_row_t probabilities_of(size_t size, size_t count, const double *probability)
{
    uint16_t arm[400];
    uint32_t block[400];
    double value[400] = {0};
    size_t rows;
    for (size_t i = 0; i < 2 * size; i++) {
        arm[i] = (uint16_t)(i % count);
        block[i] = (uint32_t)(i / size);
    }
    pilot_frame_t frame = {
        .rows = 2 * size, .arms = count, .arm = arm, .block = block, .blocks = 2};
    pilot_variable_t outcome = {value, NULL}, given = {probability, NULL};
    pilot_quality_t *quality = pilot_quality_summarize(&frame, &outcome, 1, &given, false);
    pilot_quality_row_t *row =
        pilot_quality_check((const pilot_quality_t *const *)&quality, 1, NULL, &rows);
    pilot_quality_row_t got =
        *find(row, rows, "design_check", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE);
    free(row);
    pilot_quality_free(quality);
    return got;
}

static void test_probabilities(void)
{
    double probability[400];
    /* Two arms: treated with 0.5 in one block and 0.2 or 0.4 in the other. */
    for (size_t i = 0; i < 200; i++) {
        double treated = i < 100 ? 0.5 : i % 4 < 2 ? 0.2 : 0.4;
        probability[i] = i % 2 ? treated : 1 - treated;
    }
    pilot_quality_row_t got = probabilities_of(100, 2, probability);
    is_close(got.statistic.value, 20.0 * 20 / (50 * 0.16 + 50 * 0.24), 1e-12,
             "probabilities of the data: 50 treated where 30 were to be expected");
    ok(got.df.value == 2 && got.alarm && got.value.value == 2, "by block, and an alarm");
    is_text(got.detail, "probabilities of the data", "the source is told");
    /* Three arms: 40 each against 60, 30, 30 in the first block, as declared in the second. */
    for (size_t i = 0; i < 240; i++)
        probability[i] = i >= 120 ? 1.0 / 3 : i % 3 == 0 ? 0.5 : 0.25;
    got = probabilities_of(120, 3, probability);
    is_close(got.statistic.value, 400.0 / 60 + 2 * 100.0 / 30, 1e-12, "three arms: Pearson's sum");
    ok(got.df.value == 4 && !got.alarm && got.p_value.value > 0.001, "df: arms - 1 a block");
    probability[0] = 0.4;
    got = probabilities_of(120, 3, probability);
    ok(got.value.value == 1 && got.df.value == 2 && strstr(got.detail, "left out 1 block"),
       "a block with several probabilities in an arm is left out, and told");
    /* Two of three arms: the third had the rest. */
    for (size_t i = 0; i < 200; i++)
        probability[i] = i % 2 ? 0.25 : 0.5;
    uint16_t arm[200];
    double value[200] = {0};
    size_t rows;
    for (size_t i = 0; i < 200; i++)
        arm[i] = i % 2;
    pilot_frame_t frame = {.rows = 200, .arms = 3, .arm = arm};
    pilot_variable_t outcome = {value, NULL}, given = {probability, NULL};
    pilot_quality_t *quality = pilot_quality_summarize(&frame, &outcome, 1, &given, false);
    pilot_quality_row_t *row =
        pilot_quality_check((const pilot_quality_t *const *)&quality, 1, NULL, &rows);
    is_close(
        find(row, rows, "design_check", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE)->statistic.value,
        0 + 50.0 * 50 / 50 + 50, 1e-12, "an arm that nobody is in has what is left over");
    free(row);
    pilot_quality_free(quality);
}

static bool cuts_are_refused(bool across)
{
    const unsigned missing[] = {0, 3, 1, 5, 0, 2, 1, 4};
    pilot_quality_t *quality = clusters(missing, 0, 1, across), *back = NULL;
    pilot_piece_t piece = {0};
    pilot_label_t label[64];
    bool refused = true;
    pilot_quality_pack(quality, &piece);
    for (size_t i = 0; i < piece.labels; i++)
        label[i] = (pilot_label_t){piece.label[i], strlen(piece.label[i])};
    for (int what = 0; what < 3; what++) {
        size_t most = what == 0 ? piece.numbers : what == 1 ? piece.counts : piece.labels;
        for (size_t size = 0; size < most; size++) {
            pilot_piece_reader_t cut = {piece.number, what == 0 ? size : piece.numbers,
                                        piece.count,  what == 1 ? size : piece.counts,
                                        label,        what == 2 ? size : piece.labels};
            refused &= pilot_quality_unpack(&cut, &back, NULL) == PILOT_E_PROTOCOL && !back;
        }
    }
    pilot_quality_free(quality);
    pilot_piece_clear(&piece);
    return refused;
}

int main(void)
{
    gsl_set_error_handler_off();
    test_star();
    test_clusters();
    test_one_arm_agency();
    test_alarms();
    test_design();
    test_probabilities();
    ok(cuts_are_refused(false), "a piece cut anywhere is refused");
    ok(cuts_are_refused(true), "so is one of whole clusters");
    return tap_done();
}

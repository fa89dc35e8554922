/* disclosure_weights_test.c - averages whose weights are counts of people are not told where those
 * counts could be solved for. */
#include "disclosure_sites.h"

/* Of each agency's arms of 60 so many lack the outcome: where few do it is told of all 60, and the
 * others' counts are hidden lest the few could be had from them. */
static pilot_disclosure_t *disclose_lacking(const int *lack, size_t agencies)
{
    static const char *const name[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    pilot_disclosure_t *d = pilot_disclosure_new(&usual);
    double all = 0;
    for (size_t i = 0; i < agencies; i++)
        pilot_disclosure_submission(d, name[i], (int64_t)i + 1, NULL);
    for (size_t i = 0; i <= agencies; i++) {
        const char *agency = i < agencies ? name[i] : NULL;
        double n = i < agencies ? 60 - lack[i] : all;
        int64_t rows = i < agencies ? 60 : 60 * (int64_t)agencies;
        all += n;
        pilot_disclosure_effect_t row = make_row(agency, NULL, n);
        pilot_disclosure_effect(d, &row, NULL);
        pilot_disclosure_arm_count(d, agency, "new", rows, NULL);
        pilot_disclosure_arm_count(d, agency, "old", rows, NULL);
    }
    pilot_disclosure_decide(d, NULL);
    return d;
}

static bool is_average_told(const pilot_disclosure_t *d, bool by_people)
{
    pilot_number_in_t number[PILOT_AVERAGE_NUMBERS];
    pilot_released_t out[PILOT_AVERAGE_NUMBERS];
    pilot_disclosure_effect_t row = make_row(NULL, NULL, 60);
    for (int i = 0; i < PILOT_AVERAGE_NUMBERS; i++)
        number[i] = (pilot_number_in_t){0.5, true};
    return pilot_disclosure_release_average(d, &row.key, by_people, number, out);
}

static void test_weights(void)
{
    pilot_disclosure_t *d = disclose_lacking((int[]){0, 0, 0}, 3);
    ok(is_average_told(d, true) && is_average_told(d, false), "averages, with every count told");
    pilot_disclosure_free(d);
    d = disclose_lacking((int[]){3, 20, 20}, 3);
    ok(told(d, "b", NULL, 40) < 0, "a count that is hidden");
    ok(is_average_told(d, false), "an average by agencies does not know it");
    ok(!is_average_told(d, true), "one by people could be solved for it");
    pilot_disclosure_free(d);
}

int main(void)
{
    test_weights();
    return tap_done();
}

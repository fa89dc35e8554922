/* Disclosure control over several releases: revisions, withdrawals, what earlier ones bind. */
#include "disclosure_sites.h"

static void test_revisions(void)
{
    const site_t first[] = {
        {"a", 1, 50, 0, 0}, {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0}, {"d", 4, 70, 0, 0}};
    const site_t one_more[] = {
        {"a", 5, 51, 0, 0}, {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0}, {"d", 4, 70, 0, 0}};
    const site_t many_more[] = {
        {"a", 5, 80, 0, 0}, {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0}, {"d", 4, 70, 0, 0}};
    past_release_t past = remember(disclose(first, 4, NULL, 0, -1));

    pilot_disclosure_t *d = disclose(first, 4, &past, 1, -1);
    ok(count_told(d, first, 4) == 4 && told(d, NULL, NULL, 233) == 235,
       "the same data once more is shown once more");
    pilot_disclosure_free(d);
    d = disclose(one_more, 4, &past, 1, 1);
    ok(told(d, "a", NULL, 51) < 0 && told(d, "b", NULL, 52) == 50,
       "a revision by one person is hidden, other agencies are not");
    ok(told(d, NULL, NULL, 234) < 0, "and the sum, from which the old one could be taken, is too");
    pilot_disclosure_free(d);
    d = disclose(many_more, 4, &past, 1, -1);
    ok(told(d, "a", NULL, 80) < 0, "a revision that nobody compared is hidden");
    pilot_disclosure_free(d);
    d = disclose(many_more, 4, &past, 1, 30);
    ok(told(d, "a", NULL, 80) == 80 && told(d, NULL, NULL, 263) == 265,
       "a revision by thirty is shown");
    pilot_disclosure_free(d);
    d = disclose(one_more, 4, &past, 1, 30);
    ok(told(d, "a", NULL, 51) < 0, "thirty that change the count by one are hidden");
    pilot_disclosure_free(d);
    const site_t same[] = {
        {"a", 5, 50, 0, 0}, {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0}, {"d", 4, 70, 0, 0}};
    d = disclose(same, 4, &past, 1, 0);
    ok(told(d, "a", NULL, 50) == 50, "a new submission of the same rows is the same");
    pilot_disclosure_free(d);
    d = disclose(one_more, 4, &past, 1, 0);
    ok(told(d, "a", NULL, 51) < 0, "unless its counts say otherwise");
    pilot_disclosure_free(d);
    d = disclose(first + 1, 3, &past, 1, -1);
    ok(told(d, NULL, NULL, 183) == 185, "an agency that was shown may leave the sum");
    pilot_disclosure_free(d);
    free(past.memory);
}

static void test_withdrawal(void)
{
    const site_t site[] = {{"small", 1, 7, 0, 0}, {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0},
                           {"d", 4, 70, 0, 0},    {"e", 5, 85, 0, 0}, {"f", 6, 90, 0, 0}};
    past_release_t past[2] = {remember(disclose(site, 6, NULL, 0, -1))};
    pilot_disclosure_t *d = disclose(site + 1, 5, past, 1, -1);
    ok(told(d, NULL, NULL, 358) < 0, "a hidden agency that leaves takes the sum with it");
    ok(told(d, "b", NULL, 52) < 0 && told(d, "c", NULL, 61) < 0 && told(d, "d", NULL, 70) == 70,
       "and what protected it stays hidden");
    past[1] = remember(d);
    d = disclose(site, 6, past, 2, -1);
    ok(told(d, NULL, NULL, 365) == 365, "the sum of the first release may be told again");
    pilot_disclosure_free(d);
    const site_t joined[] = {{"small", 1, 7, 0, 0}, {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0},
                             {"d", 4, 70, 0, 0},    {"e", 5, 85, 0, 0}, {"f", 6, 90, 0, 0},
                             {"tiny", 7, 3, 0, 0}};
    d = disclose(joined, 7, past, 1, -1);
    ok(told(d, NULL, NULL, 368) < 0, "a small agency that joins alone hides the sum");
    pilot_disclosure_free(d);
    free(past[0].memory);
    free(past[1].memory);
}

/* Whole agencies randomized: rows of all together alone. */
static pilot_disclosure_t *disclose_across(size_t agencies, const past_release_t *past)
{
    static const char *const name[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    pilot_disclosure_t *d = pilot_disclosure_new(&usual);
    if (past != NULL)
        pilot_disclosure_remember(d, past->memory, past->size, NULL);
    for (size_t i = 0; i < agencies; i++)
        pilot_disclosure_submission(d, name[i], (int64_t)i + 1, NULL);
    site_t pooled = {.n = 100.0 * (double)agencies};
    add_site(d, &pooled);
    pilot_disclosure_decide(d, NULL);
    return d;
}

static void test_across(void)
{
    past_release_t past = remember(disclose_across(4, NULL));
    static const struct {
        size_t agencies;
        bool is_shown;
        const char *name;
    } next[] = {{4, true, "the same agencies are shown again"},
                {5, false, "one that joins hides the sum"},
                {3, false, "so does one that leaves"},
                {7, true, "three may join"}};
    pilot_disclosure_t *d = disclose_across(4, NULL);
    ok(told(d, NULL, NULL, 400) == 400, "without rows of agencies the sum is shown");
    pilot_disclosure_free(d);
    for (size_t i = 0; i < sizeof next / sizeof *next; i++) {
        d = disclose_across(next[i].agencies, &past);
        double n = 100.0 * (double)next[i].agencies;
        ok((told(d, NULL, NULL, n) >= 0) == next[i].is_shown, "%s", next[i].name);
        pilot_disclosure_free(d);
    }
    free(past.memory);
}

static void test_damage(void)
{
    const site_t site[] = {{"a", 1, 50, 20, 30}, {"b", 2, 52, 22, 30}, {"c", 3, 61, 20, 41}};
    past_release_t past = remember(disclose(site, 3, NULL, 0, -1));
    size_t refused = 0;
    uint8_t *bytes = past.memory;
    for (size_t i = 0; i < past.size; i++) {
        pilot_disclosure_t *d = pilot_disclosure_new(&usual);
        bytes[i] ^= 0x11;
        refused += pilot_disclosure_remember(d, bytes, past.size, NULL) == PILOT_E_DATA;
        bytes[i] ^= 0x11;
        refused += pilot_disclosure_remember(d, bytes, i, NULL) == PILOT_E_DATA;
        pilot_disclosure_free(d);
    }
    ok(refused == 2 * past.size, "a damaged or cut memory is refused, wherever it is damaged");
    pilot_disclosure_t *d = pilot_disclosure_new(&usual);
    size_t kept = 0;
    while (pilot_disclosure_remember(d, bytes, past.size, NULL) == PILOT_OK)
        kept++;
    ok(kept == PILOT_DISCLOSURE_RELEASES - 1, "as many releases are remembered as are promised");
    pilot_disclosure_free(d);
    free(past.memory);
}

int main(void)
{
    test_revisions();
    test_withdrawal();
    test_across();
    test_damage();
    return tap_done();
}

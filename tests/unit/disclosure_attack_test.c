/* Differencing attacks on disclosure control: whatever a generated pilot lets out over several
 * releases goes into a linear program, which then tries to recover what was suppressed.
 *   build/tests/disclosure_attack_test [PILOTS [FIRST_SEED]]   more than the quick version's pilots
 */
#include "../harness/disclosure_attack.h"
#include "../harness/tap.h"

typedef struct tally {
    size_t pilots, counts, lacks, shares, pooled, changes, inside, failed, exact;
    size_t shown, rows;
    double worst;
} tally_t;

static bool is_sensitive(const made_pilot_t *p, int count)
{
    return count > 0 && count < p->minimum;
}

static const char *describe(char text[96], const made_pilot_t *p, const char *what, int entity,
                            int kind, int arm, int cell)
{
    snprintf(text, 96, "minimum %d round %d: %s of %s %d, kind %d arm %d cell %d", p->minimum,
             p->round_to, what, entity < p->submissions ? "submission" : "release",
             entity < p->submissions ? entity : entity - p->submissions, kind, arm, cell);
    return text;
}

/* All sensitive numbers of one entity: a submission, or a release's pooled counts. */
static void attack_entity(attack_t *a, int entity, int count[KINDS][ARMS_MAX][CELLS],
                          tally_t *tally)
{
    const made_pilot_t *p = a->pilot;
    char text[96];
    for (int cell = 0; cell < CELLS; cell++) {
        size_t before = a->cells;
        for (int kind = 0; kind <= OUTCOMES; kind++) {
            int n = count[kind][a->arm][cell];
            int column = attack_column(entity, kind, cell);
            if (is_sensitive(p, n))
                attack_number(a, 1, &column, (double[]){1}, n,
                              describe(text, p, "count", entity, kind, a->arm, cell));
        }
        tally->counts += a->cells - before;
        before = a->cells;
        bool is_listed = cell == 0 || (cell - 1) % (LEVELS_MAX + 1) < LEVELS_MAX;
        for (int kind = 1; kind <= OUTCOMES && is_listed; kind++) {
            int lack = count[0][a->arm][cell] - count[kind][a->arm][cell];
            int column[2] = {attack_column(entity, 0, cell), attack_column(entity, kind, cell)};
            if (is_sensitive(p, lack))
                attack_number(a, 2, column, (double[]){1, -1}, lack,
                              describe(text, p, "lack", entity, kind, a->arm, cell));
        }
        tally->lacks += a->cells - before;
        before = a->cells;
        int n = count[1 + BINARY][a->arm][cell], s = count[SUCCESS][a->arm][cell];
        int column[2] = {attack_column(entity, SUCCESS, cell),
                         attack_column(entity, 1 + BINARY, cell)};
        if (n > 0 && s < p->minimum)
            attack_number(a, 1, column, (double[]){1}, s,
                          describe(text, p, "success", entity, SUCCESS, a->arm, cell));
        if (n > 0 && n - s < p->minimum)
            attack_number(a, 2, column, (double[]){-1, 1}, n - s,
                          describe(text, p, "failure", entity, SUCCESS, a->arm, cell));
        tally->shares += a->cells - before;
    }
}

/* How many came or went, where a revision changed fewer than the minimum. */
static void attack_changes(attack_t *a, tally_t *tally)
{
    const made_pilot_t *p = a->pilot;
    char text[96];
    for (int e = 0; e < p->submissions; e++) {
        const made_submission_t *s = &p->submission[e];
        if (s->changed_from < 0 || s->changed >= p->minimum)
            continue;
        for (int kind = 0; kind <= OUTCOMES; kind++)
            for (int cell = 0; cell < CELLS; cell++) {
                if (p->submission[e].count[kind][a->arm][cell] == 0 || !is_cell(p, cell))
                    continue;
                int column[2] = {attack_column(e, kind, cell),
                                 attack_column(s->changed_from, kind, cell)};
                double coefficient[2] = {1, -1};
                double low = attack_bound(a, 2, column, coefficient, 1);
                double high = attack_bound(a, 2, column, coefficient, -1);
                tally->changes++;
                if (high - low >= p->minimum - 1 - 1e-6)
                    continue;
                a->failed++;
                if (a->is_loud)
                    printf("# %s: change in [%g, %g]\n",
                           describe(text, p, "change", e, kind, a->arm, cell), low, high);
            }
    }
}

/* One agency's own knowledge, added to what is told. */
static void attack_from_inside(attack_t *a, int entity, tally_t *tally)
{
    const made_pilot_t *p = a->pilot;
    size_t before = a->cells;
    char text[96];
    attack_inside(a, entity, true);
    for (int e = 0; e < p->submissions; e++) {
        if (p->submission[e].agency == p->submission[entity].agency)
            continue;
        for (int cell = 0; cell < CELLS; cell++) {
            int n = p->submission[e].count[0][a->arm][cell];
            int column = attack_column(e, 0, cell);
            if (is_sensitive(p, n))
                attack_number(a, 1, &column, (double[]){1}, n,
                              describe(text, p, "count (inside)", e, 0, a->arm, cell));
        }
    }
    attack_inside(a, entity, false);
    tally->inside += a->cells - before;
}

static void attack_told(uint64_t seed, made_pilot_t *p, const made_release_t *told, bool is_loud,
                        tally_t *tally)
{
    for (int arm = 0; arm < p->arms; arm++) {
        attack_t a = attack_begin(p, arm, told);
        a.is_loud = is_loud;
        for (int e = 0; e < p->submissions; e++)
            attack_entity(&a, e, p->submission[e].count, tally);
        for (int r = 0; r < p->releases; r++) {
            int count[KINDS][ARMS_MAX][CELLS];
            for (int kind = 0; kind < KINDS; kind++)
                for (int cell = 0; cell < CELLS; cell++)
                    count[kind][arm][cell] = made_count(p, r, p->agencies, kind, arm, cell);
            size_t before = a.cells;
            attack_entity(&a, p->submissions + r, count, tally);
            tally->pooled += a.cells - before;
        }
        attack_changes(&a, tally);
        attack_from_inside(&a, (int)(seed % (uint64_t)p->submissions), tally);
        for (int agency = 0, tried = 0; agency < p->agencies && tried < 2; agency++) {
            int e = p->current[0][agency]; /* hidden only to protect others */
            if (e < 0 || told[0].count[agency][0][arm][0].given ||
                p->submission[e].count[0][arm][0] < p->minimum)
                continue;
            attack_from_inside(&a, e, tally);
            tried++;
        }
        tally->failed += a.failed;
        tally->exact += a.exact;
        tally->worst = fmin(tally->worst, a.worst);
        if (a.failed > 0 && is_loud)
            printf("# seed %llu\n", (unsigned long long)seed);
        attack_end(&a);
    }
}

/* What the program under test tells. */
static void attack_pilot(uint64_t seed, tally_t *tally)
{
    made_pilot_t *p = made_new(seed, 0, 1 + (int)(seed % RELEASES));
    made_release_t *told = PILOT_NEW_ARRAY(made_release_t, RELEASES);
    void *memory[RELEASES] = {0};
    size_t size[RELEASES] = {0};
    for (int r = 0; r < p->releases; r++) {
        pilot_disclosure_t *d = made_disclose(p, r, memory, size);
        visit_rows(p, r, d, &told[r], visit_out);
        tell_checks(p, r, d, &told[r]);
        pilot_disclosure_free(d);
        tally->rows += told[r].rows;
        tally->shown += told[r].shown;
    }
    attack_told(seed, p, told, true, tally);
    for (int r = 0; r < p->releases; r++)
        free(memory[r]);
    free(told);
    made_free(p);
    tally->pilots++;
}

/* What a rule tells that hides the small counts alone: the attacker must get through. */
static void attack_naive(uint64_t seed, int round_to, tally_t *tally)
{
    made_pilot_t *p = made_new(seed, 0, 1);
    made_release_t *told = PILOT_NEW_ARRAY(made_release_t, RELEASES);
    p->round_to = round_to;
    tell_naively(p, 0, &told[0]);
    attack_told(seed, p, told, false, tally);
    free(told);
    made_free(p);
    tally->pilots++;
}

int main(int argc, char **argv)
{
    size_t pilots = argc > 1 ? strtoul(argv[1], NULL, 10) : 20;
    uint64_t first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    tally_t tally = {.worst = HUGE_VAL};
    for (uint64_t seed = first; seed < first + pilots; seed++)
        attack_pilot(seed, &tally);
    printf("# %zu pilots; sensitive numbers attacked: %zu counts, %zu who lack an outcome, %zu "
           "successes or failures (%zu pooled), %zu changes, %zu with an agency's own knowledge\n",
           tally.pilots, tally.counts, tally.lacks, tally.shares, tally.pooled, tally.changes,
           tally.inside);
    printf("# broken: %zu, recovered exactly: %zu; narrowest range %.2f of the promise\n",
           tally.failed, tally.exact, tally.worst);
    printf("# %.0f %% of rows shown\n", 100.0 * (double)tally.shown / (double)tally.rows);
    ok(tally.counts > 500, "many counts are attacked");
    ok(tally.failed == 0, "every range holds 1 to minimum_count - 1");
    ok(tally.exact == 0, "nothing is recovered");

    tally_t naive = {.worst = HUGE_VAL}, rounded = {.worst = HUGE_VAL};
    for (uint64_t seed = 1; seed <= 3; seed++) {
        attack_naive(seed, 1, &naive);
        attack_naive(seed, 5, &rounded);
    }
    printf(
        "# without complementary suppression: %zu of %zu counts recovered exactly, %zu ranges too "
        "narrow; rounded to 5: %zu and %zu\n",
        naive.exact, naive.counts + naive.lacks + naive.shares, naive.failed, rounded.exact,
        rounded.failed);
    ok(naive.exact > 50, "the attacker recovers counts that a naive rule hides");
    ok(rounded.failed > 50, "rounding alone does not protect them");
    return tap_done();
}

/* The rows that an analysis must have: which, in what order, and which job gives them. */
#include "../harness/tap.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/row_keys.h"

typedef struct made {
    Pilot__Spec spec;
    Pilot__Arm arm, *arms[3];
    Pilot__Outcome outcome[4], *outcomes[4];
    char *estimator[16];
    char *level[3];
} made_t;

/* Two treatments; a binary, an ordinal (3 levels), a duration with event and one without. */
static void make(made_t *made, size_t outcomes, const char *const *estimators)
{
    static const char *const types[] = {"binary", "ordinal", "duration", "duration"};
    static const char *const names[] = {"pass", "mood", "days", "weeks"};
    pilot__spec__init(&made->spec);
    pilot__arm__init(&made->arm);
    for (int i = 0; i < 3; i++)
        made->arms[i] = &made->arm;
    made->level[0] = (char *)"sad";
    made->level[1] = (char *)"ok";
    made->level[2] = (char *)"glad";
    for (int i = 0; i < 4; i++) {
        made->outcomes[i] = &made->outcome[i];
        pilot__outcome__init(&made->outcome[i]);
        made->outcome[i].name = (char *)names[i];
        made->outcome[i].type = (char *)types[i];
    }
    made->outcome[1].level = made->level;
    made->outcome[1].n_level = 3;
    made->outcome[2].has_event = made->outcome[2].event = true;
    made->outcome[2].has_horizon = true;
    made->outcome[2].horizon = 52.5;
    made->spec.arm = made->arms;
    made->spec.n_arm = 3;
    made->spec.outcome = made->outcomes;
    made->spec.n_outcome = outcomes;
    made->spec.estimator = made->estimator;
    for (; estimators && estimators[made->spec.n_estimator]; made->spec.n_estimator++)
        made->estimator[made->spec.n_estimator] = (char *)estimators[made->spec.n_estimator];
}

static void keys_turn_in_plan_order(void)
{
    made_t made;
    make(&made, 2, (const char *const[]){"difference_in_means", "ols", NULL});
    made.outcome[1].type = (char *)"binary";
    pilot_row_slots_t *slots = pilot_row_slots_new(&made.spec);
    const size_t subgroup[] = {0};
    pilot_row_keys_t keys = pilot_row_keys_begin(slots, subgroup, 1);
    pilot_row_key_t key;
    static const size_t want[16][3] = {
        {0, 0, 1}, {0, 0, 1}, {0, 0, 2}, {0, 0, 2}, {0, 1, 1}, {0, 1, 1}, {0, 1, 2}, {0, 1, 2},
        {1, 0, 1}, {1, 0, 1}, {1, 0, 2}, {1, 0, 2}, {1, 1, 1}, {1, 1, 1}, {1, 1, 2}, {1, 1, 2}};
    size_t count = 0;
    bool in_order = true;
    for (; pilot_row_keys_next(&keys, &key); count++)
        in_order = in_order && count < 16 && key.ordinal == count &&
                   key.outcome == want[count][0] && key.subset == want[count][1] &&
                   key.arm == want[count][2] && !key.gap && !key.parameter &&
                   !strcmp(key.estimand, "itt") &&
                   !strcmp(key.estimator, made.estimator[count % 2]);
    ok(count == 16 && pilot_row_keys_count(&keys) == 16,
       "2 outcomes x 2 subsets x 2 treatments x 2 estimators are 16 rows");
    ok(in_order, "in the order outcome, subset, arm, estimator");
    pilot_row_slots_free(slots);
    made.spec.n_arm = 1;
    slots = pilot_row_slots_new(&made.spec);
    keys = pilot_row_keys_begin(slots, NULL, 0);
    ok(!pilot_row_keys_next(&keys, &key), "no treatment, no rows");
    pilot_row_slots_free(slots);
}

/* "ols(sad) ols(ok) ..." of one outcome; a misfit has a minus before it. */
static const char *told(const pilot_row_slots_t *slots, size_t outcome)
{
    static char text[512];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = slots->first[outcome]; i < slots->first[outcome + 1]; i++) {
        const pilot_row_slot_t *slot = &slots->slot[i];
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s%s", at ? " " : "",
                               slot->defined ? "" : "-", slot->name);
        if (slot->parameter)
            at += (size_t)snprintf(text + at, sizeof text - at, "(%s)", slot->parameter);
    }
    return text;
}

static void parameters_and_misfits(void)
{
    made_t made;
    make(
        &made, 4,
        (const char *const[]){"ols", "risk_ratio", "quantile", "rank", "rmst", "lee_bounds", NULL});
    pilot_row_slots_t *slots = pilot_row_slots_new(&made.spec);
    is_text(told(slots, 0),
            "ols risk_ratio -quantile rank -rmst lee_bounds(lower) lee_bounds(upper)",
            "what fits no binary outcome has one row there");
    is_text(told(slots, 1),
            "ols(sad) ols(ok) ols(glad) -risk_ratio -quantile rank -rmst -lee_bounds",
            "linear estimators have a row for each category of an ordinal outcome");
    is_text(told(slots, 2),
            "ols -risk_ratio quantile(0.1) quantile(0.25) quantile(0.5) quantile(0.75) "
            "quantile(0.9) rank rmst(52.5) lee_bounds(lower) lee_bounds(upper)",
            "quantiles, horizon and bounds are parameters");
    is_text(told(slots, 3),
            "ols -risk_ratio quantile(0.1) quantile(0.25) quantile(0.5) quantile(0.75) "
            "quantile(0.9) rank -rmst lee_bounds(lower) lee_bounds(upper)",
            "survival is defined only where there are events");
    const pilot_row_slot_t *glad = &slots->slot[slots->first[1] + 2];
    ok(glad->parameter_index == 2 && glad->parameters == 3 && glad->by_category,
       "a slot knows its place among the categories");
    ok(pilot_row_job(&slots->slot[0]) == PILOT__JOB_KIND__FINISH &&
           pilot_row_job(&slots->slot[1]) == PILOT__JOB_KIND__WHOLE &&
           pilot_row_job(&slots->slot[2]) == PILOT__JOB_KIND__POOL,
       "FINISH gives ols, WHOLE contrasts, POOL what is not defined");
    pilot_row_slots_free(slots);
}

static void automatic(void)
{
    made_t made;
    make(&made, 4, NULL);
    pilot_row_slots_t *slots = pilot_row_slots_new(&made.spec);
    is_text(told(slots, 0), "auto", "auto is one estimator");
    is_text(told(slots, 1), "auto(sad) auto(ok) auto(glad) rank",
            "of an ordinal outcome: shares and ranks");
    is_text(told(slots, 2), "rmst(52.5) log_rank", "of durations with events: survival");
    is_text(told(slots, 3), "auto", "of durations without: means");
    ok(!pilot_row_is_whole(slots, 0) && pilot_row_is_whole(slots, 1) &&
           pilot_row_is_whole(slots, 2) && !pilot_row_is_whole(slots, 3),
       "so some outcomes need all rows in one place");
    pilot_row_slots_free(slots);
}

/* Every key's ordinal is what pilot_row_keys_ordinal says of it. */
static bool ordinals_agree(pilot_row_keys_t keys, size_t *ret_count)
{
    pilot_row_keys_t whole = keys;
    pilot_row_key_t key;
    size_t count = 0;
    bool agree = true;
    for (; pilot_row_keys_next(&keys, &key); count++)
        agree = agree && key.ordinal == count &&
                pilot_row_keys_ordinal(&whole, key.outcome, key.subset, key.arm,
                                       (size_t)(key.slot - whole.slots->slot), key.gap) == count;
    *ret_count = count;
    return agree && pilot_row_keys_count(&whole) == count;
}

static void gaps(void)
{
    made_t made;
    make(&made, 2, (const char *const[]){"difference_in_means", "rank", NULL});
    pilot_row_slots_t *slots = pilot_row_slots_new(&made.spec);
    /* levels: one subgroup of one level, one of three, one of two */
    const size_t subgroup[] = {0, 1, 1, 1, 2, 2};
    pilot_row_keys_t keys = pilot_row_keys_begin(slots, subgroup, 6);
    size_t without = 0, with = 0;
    ok(ordinals_agree(keys, &without), "ordinals count up, and can be had by what a key is");
    keys.gaps = true;
    ok(ordinals_agree(keys, &with), "with gaps too");
    /* slots: 2 for pass, 3 + 1 for mood; 2 treatments */
    ok(without == 7 * 2 * (2 + 4) && with == 10 * 2 * (2 + 4),
       "a gap for each level but its subgroup's first");
    pilot_row_key_t key;
    while (pilot_row_keys_next(&keys, &key) && !key.gap)
        continue;
    ok(key.ordinal == 7 * 2 * 2 && key.outcome == 0 && key.subset == 3 &&
           !strcmp(key.estimand, "gap") && !strcmp(key.estimator, "difference_in_means"),
       "behind the levels of the outcome, the second level first");
    ok(!pilot_row_keys_has_gap(&keys, 0) && !pilot_row_keys_has_gap(&keys, 1) &&
           !pilot_row_keys_has_gap(&keys, 2) && pilot_row_keys_has_gap(&keys, 4) &&
           pilot_row_keys_has_gap(&keys, 6),
       "and it is known which levels have one");
    pilot_row_key_t lower = pilot_row_bounds_key(&keys, 0, 1, 0);
    pilot_row_key_t last = pilot_row_bounds_key(&keys, 1, 2, 1);
    ok(lower.ordinal == with && last.ordinal == with + 7 && !strcmp(last.parameter, "upper"),
       "bounds that nobody asked for stand behind all rows");
    pilot_row_slots_free(slots);
}

int main(void)
{
    keys_turn_in_plan_order();
    parameters_and_misfits();
    automatic();
    gaps();
    return tap_done();
}

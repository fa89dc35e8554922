/* agency_ranks.c - see pilot/agency_ranks.h. */
#include "pilot/agency_ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agency_order.h"
#include "pilot/memory.h"
#include "rank_critical.h"

/* The step-down may end after any step and holds its level; each looks at all pairs. */
#define MOST_STEPS 10
#define MANY_AGENCIES 500
#define MOST_STEPS_OF_MANY 2

/* Agencies with what the search needs of each. */
typedef struct field {
    agency_order_t order;
    size_t k;
    const double *y;
    double *v;
    double *place; /* log standard error in steps of a rank_counts_t */
    double least_v, most_v;
} field_t;

static field_t enter(const pilot_number_t *estimate, const pilot_number_t *std_error,
                     size_t agencies, bool lower_is_better)
{
    field_t field = {.order = agency_order(estimate, std_error, agencies, lower_is_better),
                     .least_v = INFINITY};
    field.k = field.order.k;
    field.y = field.order.y;
    field.v = PILOT_NEW_ARRAY(double, field.k);
    field.place = PILOT_NEW_ARRAY(double, field.k);
    for (size_t j = 0; j < field.k; j++) {
        field.v[j] = field.order.std_error[j] * field.order.std_error[j];
        field.place[j] = log(field.order.std_error[j]) / RANK_RATIO_STEP;
        field.least_v = fmin(field.least_v, field.v[j]);
        field.most_v = fmax(field.most_v, field.v[j]);
    }
    return field;
}

static void leave(field_t *field)
{
    agency_order_clear(&field->order);
    free(field->v);
    free(field->place);
}

/* ---- which pairs are decided ----------------------------------------------------------------- */

/* Against one agency: which are better than it, and worse, beyond doubt. */
typedef struct decided {
    size_t *better, *worse; /* room for k each */
    size_t betters, worses;
} decided_t;

static void decide(const field_t *field, size_t j, double c, decided_t *decided)
{
    const double *y = field->y, *v = field->v;
    double never = c * sqrt(field->least_v + v[j]), always = c * sqrt(field->most_v + v[j]);
    decided->betters = decided->worses = 0;
    for (size_t i = 0; i < j && y[i] - y[j] > never; i++)
        if (y[i] - y[j] > always || y[i] - y[j] > c * sqrt(v[i] + v[j]))
            decided->better[decided->betters++] = i;
    for (size_t i = field->k; i-- > j + 1 && y[j] - y[i] > never;)
        if (y[j] - y[i] > always || y[j] - y[i] > c * sqrt(v[i] + v[j]))
            decided->worse[decided->worses++] = i;
}

static void count_all(const field_t *field, size_t j, double *counts)
{
    memset(counts, 0, sizeof(rank_counts_t));
    for (size_t i = 0; i < field->k; i++)
        if (i != j)
            rank_count(counts, field->place[i] - field->place[j]);
}

static void move_list(const field_t *field, size_t j, const size_t *list, size_t length,
                      double *from, double *to)
{
    for (size_t i = 0; i < length; i++)
        rank_move(from, to, field->place[list[i]] - field->place[j]);
}

/* Everything that the search for critical values works on. */
typedef struct search {
    const field_t *field;
    double level;
    size_t steps;
    rank_table_t *table;
    decided_t decided;
    rank_counts_t *all; /* k: every agency's rivals */
    rank_counts_t both, above, below;
    rank_counts_t *not_better, *not_worse; /* k: rivals not decided to be so */
} search_t;

/* ---- one agency against all others ----------------------------------------------------------- */

static double marginal_tail(void *context, size_t node)
{
    search_t *search = context;
    return rank_tail(search->table, (rank_rivals_t){search->both, search->above, search->below},
                     node);
}

/* Once a pair is decided only one of its two one-sided hypotheses remains: that the better agency
 * is at least as good. */
static void gather_marginal(search_t *search, size_t j)
{
    const decided_t *decided = &search->decided;
    memcpy(search->both, search->all[j], sizeof search->both);
    memset(search->above, 0, sizeof search->above);
    memset(search->below, 0, sizeof search->below);
    move_list(search->field, j, decided->better, decided->betters, search->both, search->below);
    move_list(search->field, j, decided->worse, decided->worses, search->both, search->above);
}

/* Leaves in search->decided who differs from j.  near: a guess of the first critical value, and
 * then it. */
static void decide_marginal(search_t *search, size_t j, double *near)
{
    double c = *near;
    search->decided.betters = search->decided.worses = 0;
    for (size_t step = 0; step < search->steps; step++) {
        size_t before = search->decided.betters + search->decided.worses;
        gather_marginal(search, j);
        c = rank_solve(marginal_tail, search, search->level, c);
        *near = step == 0 ? c : *near;
        decide(search->field, j, c, &search->decided);
        if (search->decided.betters + search->decided.worses == before)
            break;
    }
}

/* ---- all pairs ------------------------------------------------------------------------------- */

/* Boole's inequality over the agencies that lose a difference too large; each one's chance is
 * exact.  Or over those that win, which is the same problem mirrored: whichever sum is less. */
static double pairs_tail(void *context, size_t node)
{
    search_t *search = context;
    double losing = 0, winning = 0;
    for (size_t j = 0; j < search->field->k; j++) {
        losing += rank_tail(search->table, (rank_rivals_t){.above = search->not_better[j]}, node);
        winning += rank_tail(search->table, (rank_rivals_t){.above = search->not_worse[j]}, node);
    }
    return fmin(losing, winning);
}

/* Number of decided pairs; their rivals are counted for the next step. */
static size_t decide_pairs(search_t *search, double c)
{
    size_t pairs = 0;
    for (size_t j = 0; j < search->field->k; j++) {
        const decided_t *decided = &search->decided;
        decide(search->field, j, c, &search->decided);
        memcpy(search->not_better[j], search->all[j], sizeof *search->all);
        memcpy(search->not_worse[j], search->all[j], sizeof *search->all);
        move_list(search->field, j, decided->better, decided->betters, search->not_better[j], NULL);
        move_list(search->field, j, decided->worse, decided->worses, search->not_worse[j], NULL);
        pairs += decided->betters;
    }
    return pairs;
}

/* The critical value of all pairs after step-down. */
static double decide_simultaneous(search_t *search)
{
    size_t k = search->field->k;
    double range = k > 1 ? rank_range_critical(k, search->level) : 0, c = INFINITY;
    size_t pairs = decide_pairs(search, c), before;
    for (size_t step = 0; step < search->steps; step++) {
        c = fmin(range, rank_solve(pairs_tail, search, search->level, range));
        before = pairs;
        if (step + 1 < search->steps)
            pairs = decide_pairs(search, c);
        if (pairs == before)
            break;
    }
    return c;
}

/* ---- results --------------------------------------------------------------------------------- */

static double rank_of(const field_t *field, size_t j)
{
    size_t first = j, last = j;
    while (first > 0 && field->y[first - 1] == field->y[j])
        first--;
    while (last + 1 < field->k && field->y[last + 1] == field->y[j])
        last++;
    return 1 + 0.5 * (double)(first + last);
}

static void begin(search_t *search, const field_t *field, double level)
{
    size_t k = field->k;
    *search = (search_t){
        .field = field,
        .level = level,
        .steps = k > MANY_AGENCIES ? MOST_STEPS_OF_MANY : MOST_STEPS,
        .table = rank_table_new(),
        .decided = {.better = PILOT_NEW_ARRAY(size_t, k), .worse = PILOT_NEW_ARRAY(size_t, k)},
        .all = PILOT_NEW_ARRAY(rank_counts_t, k),
        .not_better = PILOT_NEW_ARRAY(rank_counts_t, k),
        .not_worse = PILOT_NEW_ARRAY(rank_counts_t, k)};
    for (size_t j = 0; j < k; j++)
        count_all(field, j, search->all[j]);
}

static void end(search_t *search)
{
    rank_table_free(search->table);
    free(search->decided.better);
    free(search->decided.worse);
    free(search->all);
    free(search->not_better);
    free(search->not_worse);
}

void pilot_agency_ranks(const pilot_number_t *estimate, const pilot_number_t *std_error,
                        size_t agencies, bool lower_is_better, double confidence,
                        pilot_agency_rank_t *ret_rank)
{
    field_t field = enter(estimate, std_error, agencies, lower_is_better);
    search_t *search PILOT_AUTOFREE = PILOT_NEW(search_t);
    double c_all, near = 3, k = (double)field.k;
    begin(search, &field, 1 - confidence);
    memset(ret_rank, 0, agencies * sizeof *ret_rank);
    c_all = decide_simultaneous(search);
    for (size_t j = 0; j < field.k; j++) {
        pilot_agency_rank_t *rank = &ret_rank[field.order.agency[j]];
        const decided_t *decided = &search->decided;
        rank->rank = PILOT_GIVEN(rank_of(&field, j));
        decide(&field, j, c_all, &search->decided);
        rank->simultaneous_low = PILOT_GIVEN(1 + (double)decided->betters);
        rank->simultaneous_high = PILOT_GIVEN(k - (double)decided->worses);
        decide_marginal(search, j, &near);
        rank->low = PILOT_GIVEN(1 + (double)decided->betters);
        rank->high = PILOT_GIVEN(k - (double)decided->worses);
    }
    end(search);
    leave(&field);
}

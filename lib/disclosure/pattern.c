/* Complementary suppression along one additive relation. */
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* More additions than this do not pay: the pooled table is hidden instead. */
enum { ADDITIONS_MAX = 64 };

enum direction { RAISE, LOWER };

/* Of one class, layer, cell and direction: what its members can take or give. */
typedef struct sums {
    uint64_t total;
    uint64_t largest, second;
    size_t owner; /* of the largest */
} sums_t;

typedef struct solver {
    const pattern_problem_t *p;
    uint8_t *hidden;
    uint32_t *class_of; /* by entity; UINT32_MAX: in none */
    uint64_t *signature;
    bool *now;
    size_t classes, capacity, now_capacity;
    sums_t *sums;    /* [layer][cell][direction] of the class in hand */
    uint64_t *total; /* [layer][entity][direction]: of all its cells, what they can give or take */
} solver_t;

typedef struct lack {
    size_t class, layer, cell;
    enum direction direction;
} lack_t;

static const room_t *rooms(const pattern_problem_t *p, size_t layer, size_t entity)
{
    return p->room + (layer * p->entities + entity) * p->cells;
}

/* What the entity's other cells can give (for RAISE) or take. */
static uint64_t others(const solver_t *s, size_t layer, size_t entity, size_t cell,
                       enum direction direction)
{
    const room_t *room = &rooms(s->p, layer, entity)[cell];
    uint64_t total = s->total[(layer * s->p->entities + entity) * 2 + direction];
    return total - (direction == RAISE ? room->down : room->up);
}

static bool is_tied(const pattern_problem_t *p, size_t entity)
{
    return p->cells > 1 && !(p->flag[entity] & ENTITY_FREE_TOTAL);
}

/* What this entity can do for one that moves in `direction`: the opposite, keeping its own total
 * where that is shown. */
static uint64_t ability(const solver_t *s, size_t layer, size_t entity, size_t cell,
                        enum direction direction)
{
    const room_t *room = &rooms(s->p, layer, entity)[cell];
    uint64_t own = direction == RAISE ? room->down : room->up;
    if (own == 0 || !is_tied(s->p, entity))
        return own;
    uint64_t back = others(s, layer, entity, cell, direction == RAISE ? LOWER : RAISE);
    return own < back ? own : back;
}

static bool must_move(const pattern_problem_t *p, size_t layer, size_t entity, size_t cell,
                      enum direction direction)
{
    const room_t *room = &rooms(p, layer, entity)[cell];
    if ((p->flag[entity] & ENTITY_FORCED) && room->down > 0)
        return true;
    return direction == RAISE ? room->raise : room->lower;
}

static bool is_primary(const pattern_problem_t *p, size_t entity)
{
    if (p->flag[entity] & ENTITY_FORCED)
        return true;
    for (size_t layer = 0; layer < p->layers; layer++) {
        const room_t *room = rooms(p, layer, entity);
        for (size_t cell = 0; cell < p->cells; cell++)
            if (room[cell].raise || room[cell].lower)
                return true;
    }
    return false;
}

static void classify(solver_t *s)
{
    const pattern_problem_t *p = s->p;
    s->classes = 0;
    for (size_t e = 0; e < p->entities; e++) {
        bool now = p->flag[e] & ENTITY_NOW;
        s->class_of[e] = UINT32_MAX;
        if ((p->flag[e] & ENTITY_KNOWN) || (now ? !s->hidden[e] : p->past[e] == 0))
            continue;
        size_t class = 0;
        while (class < s->classes && (s->signature[class] != p->past[e] || s->now[class] != now))
            class ++;
        if (class == s->classes) {
            s->signature = pilot_grow(s->signature, &s->capacity, class + 1, sizeof(uint64_t));
            s->now = pilot_grow(s->now, &s->now_capacity, class + 1, sizeof(bool));
            s->signature[class] = p->past[e];
            s->now[class] = now;
            s->classes++;
        }
        s->class_of[e] = (uint32_t) class;
    }
}

static void sum_up(solver_t *s, size_t class)
{
    const pattern_problem_t *p = s->p;
    memset(s->sums, 0, p->layers * p->cells * 2 * sizeof(sums_t));
    for (size_t e = 0; e < p->entities; e++) {
        if (s->class_of[e] != class)
            continue;
        for (size_t i = 0; i < p->layers * p->cells * 2; i++) {
            sums_t *sums = &s->sums[i];
            uint64_t able = ability(s, i / 2 / p->cells, e, i / 2 % p->cells, i % 2);
            sums->total += able;
            if (able > sums->largest) {
                sums->second = sums->largest;
                sums->largest = able;
                sums->owner = e;
            } else if (able > sums->second) {
                sums->second = able;
            }
        }
    }
}

/* Without this entity and without the largest other one, who knows its own part. */
static uint64_t left(const solver_t *s, size_t layer, size_t entity, size_t cell,
                     enum direction direction)
{
    const sums_t *sums = &s->sums[(layer * s->p->cells + cell) * 2 + direction];
    if (sums->owner == entity && sums->largest > 0) {
        /* The largest other is the second, which may be 0. */
        return sums->total - sums->largest - sums->second;
    }
    return sums->total - ability(s, layer, entity, cell, direction) - sums->largest;
}

/* Has this cell too little room in this direction? */
static bool is_short(const solver_t *s, size_t layer, size_t entity, size_t cell,
                     enum direction direction)
{
    const pattern_problem_t *p = s->p;
    const room_t *room = &rooms(p, layer, entity)[cell];
    uint64_t own = direction == RAISE ? room->down : room->up;
    if (is_tied(p, entity) && others(s, layer, entity, cell, direction) + own < p->minimum)
        return true;
    return left(s, layer, entity, cell, direction) < p->minimum;
}

/* The first cell of the class in hand that has too little room; false: none. */
static bool find_lack(const solver_t *s, size_t class, lack_t *ret_lack)
{
    const pattern_problem_t *p = s->p;
    for (size_t e = 0; e < p->entities; e++) {
        if (s->class_of[e] != class)
            continue;
        for (size_t i = 0; i < p->layers * p->cells * 2; i++) {
            lack_t lack = {class, i / 2 / p->cells, i / 2 % p->cells, i % 2};
            if (!must_move(p, lack.layer, e, lack.cell, lack.direction) ||
                !is_short(s, lack.layer, e, lack.cell, lack.direction))
                continue;
            *ret_lack = lack;
            return true;
        }
    }
    return false;
}

/* The cheapest agency that fills the gap alone, else the one that fills most of it. */
static bool add(solver_t *s, const lack_t *lack)
{
    const pattern_problem_t *p = s->p;
    size_t best = SIZE_MAX;
    uint64_t best_able = 0;
    for (size_t i = 0; i < p->entities; i++) {
        size_t e = p->order[i];
        if (!(p->flag[e] & ENTITY_NOW) || s->hidden[e] || (p->flag[e] & ENTITY_KNOWN) ||
            p->past[e] != 0)
            continue;
        uint64_t able = ability(s, lack->layer, e, lack->cell, lack->direction);
        able = able < p->minimum ? able : p->minimum;
        if (able == 0 || able < best_able ||
            (able == best_able && best != SIZE_MAX && p->cost[e] >= p->cost[best]))
            continue;
        best = e;
        best_able = able;
    }
    if (best == SIZE_MAX)
        return false;
    s->hidden[best] = 1;
    return true;
}

static bool protect(solver_t *s)
{
    for (int additions = 0; additions <= ADDITIONS_MAX; additions++) {
        lack_t lack = {0};
        bool lacks = false;
        classify(s);
        for (size_t class = 0; class < s->classes && !lacks; class ++) {
            sum_up(s, class);
            lacks = find_lack(s, class, &lack);
        }
        if (!lacks)
            return true;
        if (!s->now[lack.class] || s->signature[lack.class] != 0 || !add(s, &lack))
            return false;
    }
    return false;
}

static void add_totals(solver_t *s)
{
    const pattern_problem_t *p = s->p;
    for (size_t row = 0; row < p->layers * p->entities; row++) {
        for (size_t cell = 0; cell < p->cells; cell++) {
            s->total[2 * row + RAISE] += p->room[row * p->cells + cell].down;
            s->total[2 * row + LOWER] += p->room[row * p->cells + cell].up;
        }
    }
}

bool pattern_solve(const pattern_problem_t *problem, uint8_t *ret_hidden)
{
    size_t entities = problem->entities;
    uint8_t *start = PILOT_NEW_ARRAY(uint8_t, entities + 1);
    for (size_t e = 0; e < entities; e++)
        start[e] = (problem->flag[e] & ENTITY_NOW) &&
                   ((problem->flag[e] & ENTITY_HIDDEN) || is_primary(problem, e));
    memcpy(ret_hidden, start, entities);
    bool pooled = problem->pooled;
    if (pooled) {
        solver_t solver = {
            .p = problem,
            .hidden = ret_hidden,
            .class_of = PILOT_NEW_ARRAY(uint32_t, entities + 1),
            .sums = PILOT_NEW_ARRAY(sums_t, problem->layers * problem->cells * 2),
            .total = PILOT_NEW_ARRAY(uint64_t, problem->layers * entities * 2),
        };
        add_totals(&solver);
        pooled = protect(&solver);
        free(solver.class_of);
        free(solver.signature);
        free(solver.now);
        free(solver.sums);
        free(solver.total);
    }
    if (!pooled)
        memcpy(ret_hidden, start, entities);
    free(start);
    return pooled;
}

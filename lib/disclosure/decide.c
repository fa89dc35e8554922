/* What is hidden: primary cells of every kind, and what protects them. */
#include "decide.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

typedef struct decision {
    pilot_disclosure_t *d;
    entities_t entities;
    pattern_key_t key;
    const pattern_t *parent[3]; /* whose hidden agencies stay hidden; NULL: none */
    const pattern_t *whole;     /* of the same kind, of the whole sample; NULL: this is it */
    uint8_t *flag;
    uint64_t *past, *cost;
    room_t *room;
    size_t cells, layers;
    bool pooled, is_followed; /* is there an earlier release with such a pooled table? */
} decision_t;

static room_t *room_at(decision_t *t, size_t layer, size_t entity, size_t cell)
{
    return &t->room[(layer * t->entities.count + entity) * t->cells + cell];
}

static bool is_few(const decision_t *t, uint32_t count)
{
    return count > 0 && count < t->d->minimum;
}

static void add_need(room_t *room, bool raise, bool lower)
{
    room->raise |= raise;
    room->lower |= lower;
}

static uint32_t less(uint32_t whole, uint32_t part)
{
    return whole > part ? whole - part : 0;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* ---- flags -------------------------------------------------------------------------------------
 */

/* What earlier releases showed or hid of these tables. */
static void look_back(decision_t *t)
{
    for (size_t r = 0; r < t->d->pasts; r++) {
        const past_t *past = &t->d->past[r];
        const pattern_t *pattern = patterns_find(&past->patterns, t->key);
        if (pattern == NULL)
            continue;
        t->is_followed |= pattern->pooled;
        for (size_t i = 0; i < past->members; i++) {
            uint32_t e = past->entity[i];
            if (!pattern->hidden[i])
                t->flag[e] |= ENTITY_KNOWN;
            else if (pattern->pooled)
                t->past[e] |= UINT64_C(1) << r;
        }
    }
}

static void raise_flags(decision_t *t)
{
    size_t members = t->d->members;
    look_back(t);
    for (size_t e = 0; e < t->entities.count; e++)
        if (t->entities.entity[e].forced || (!t->d->has_agency_rows && t->is_followed))
            t->flag[e] |= ENTITY_FORCED;
    for (size_t e = 0; e < members; e++) {
        t->flag[e] |= ENTITY_NOW;
        bool hidden = t->past[e] != 0 || !t->d->has_agency_rows;
        for (size_t i = 0; i < sizeof t->parent / sizeof *t->parent; i++)
            hidden |= t->parent[i] != NULL && t->parent[i]->hidden[e];
        if (hidden)
            t->flag[e] |= ENTITY_HIDDEN;
        if (t->whole != NULL && t->whole->hidden[e])
            t->flag[e] |= ENTITY_FREE_TOTAL;
    }
}

/* A table that differs by too few from one that was shown is not shown itself. */
static void compare_revisions(decision_t *t, const block_t *block, bool shares)
{
    for (size_t i = 0; i < t->entities.changes; i++) {
        uint32_t before = t->entities.change[i].before, now = t->entities.change[i].now;
        if (!(t->flag[before] & ENTITY_KNOWN))
            continue;
        for (size_t c = 0; c < t->cells; c++) {
            const cell_t *a = &block->cell[before * t->cells + c];
            const cell_t *b = &block->cell[now * t->cells + c];
            if (is_few(t, distance(a->count, b->count)) ||
                (shares && (is_few(t, distance(a->success, b->success)) ||
                            is_few(t, distance(a->failure, b->failure)))))
                t->flag[now] |= ENTITY_FORCED;
        }
    }
}

/* ---- rooms -------------------------------------------------------------------------------------
 */

/* Everybody's counts tell of those who have an outcome where few lack it: the part that has it is
 * its total less at most everybody of the other cells.  A small part may not be pinned so. */
static void add_pinned(decision_t *t, const block_t *all)
{
    for (uint32_t m = 1; m < t->d->measures.count; m++) {
        if (*t->d->measures.name[m].other != '\0')
            continue;
        block_t have;
        block_fill(t->d, &t->entities, m, t->key.variable, t->key.arm, &have);
        for (size_t e = 0; e <= t->entities.count; e++) {
            uint64_t lack = 0, with = 0;
            const cell_t *a = &all->cell[e * t->cells], *h = &have.cell[e * t->cells];
            for (size_t c = 0; c < t->cells; c++)
                lack += less(a[c].count, h[c].count), with += h[c].count;
            for (size_t c = 0; c < t->cells; c++) {
                uint32_t own = less(a[c].count, h[c].count);
                bool pins_with = is_few(t, h[c].count) && lack - own < h[c].count;
                if (!pins_with && !(is_few(t, own) && a[c].count > with))
                    continue;
                if (e == t->entities.count)
                    t->pooled = false;
                else
                    add_need(room_at(t, 0, e, c), true, true);
            }
        }
        block_clear(&have);
    }
}

/* An agency without any row of the variable shows nothing, and may be counted on for nothing. */
static void hide_unknown(decision_t *t, const block_t *block)
{
    for (size_t e = 0; e < t->d->members; e++) {
        bool has_row = false;
        for (size_t c = 0; c < t->cells; c++)
            has_row |= block->cell[e * t->cells + c].flags & CELL_ROW;
        if (!has_row)
            t->flag[e] |= ENTITY_HIDDEN;
    }
}

static void add_needs(const decision_t *t, size_t e, room_t *room, uint32_t count, bool unknown)
{
    if ((t->flag[e] & ENTITY_NOW) && unknown)
        add_need(room, true, true);
    else if (is_few(t, count))
        add_need(room, true, count > 1);
}

/* Everybody: hidden tables may hold any number.  The last cell of a variable, those without a
 * level, has counts but no numbers. */
static void fill_base(decision_t *t)
{
    block_t block;
    block_fill(t->d, &t->entities, 0, t->key.variable, t->key.arm, &block);
    size_t asked = t->key.variable == 0 || t->key.kind == PATTERN_COUNTS ? t->cells : t->cells - 1;
    bool has_row = false;
    for (size_t e = 0; e <= t->entities.count; e++) {
        for (size_t c = 0; c < t->cells; c++) {
            const cell_t *cell = &block.cell[e * t->cells + c];
            bool unknown =
                (cell->flags & CELL_UNKNOWN) || (t->key.variable == 0 && !(cell->flags & CELL_ROW));
            if (e == t->entities.count) {
                has_row |= cell->flags & CELL_ROW;
                t->pooled &= c >= asked || !is_few(t, cell->count);
                continue;
            }
            t->cost[e] += cell->count;
            room_t *room = room_at(t, 0, e, c);
            *room = (room_t){.down = cell->count, .up = ROOM_FREE};
            if (!t->d->has_agency_rows)
                room->down = t->d->minimum;
            else
                add_needs(t, e, room, c < asked ? cell->count : 0, unknown);
        }
    }
    t->pooled &= has_row;
    hide_unknown(t, &block);
    if (t->key.variable != 0 && t->key.kind == PATTERN_COUNTS && t->d->has_agency_rows)
        add_pinned(t, &block);
    compare_revisions(t, &block, false);
    block_clear(&block);
}

/* Those of a cell who lack the outcome.  Where few do, everybody is told of instead, so few must
 * stay few; of a whole sample where many do, many must stay many. */
static room_t missing_room(const decision_t *t, const cell_t *all, const cell_t *have, bool free)
{
    uint32_t missing = less(all->count, have->count);
    uint32_t most = t->d->minimum - 1, least = t->d->minimum;
    room_t room = {.down = missing, .up = have->count};
    if (!free && missing >= least)
        room.down = missing - least;
    if (!free && missing < least && most - missing < have->count)
        room.up = most - missing;
    if (is_few(t, missing))
        add_need(&room, true, missing > 1);
    if (is_few(t, have->count))
        add_need(&room, have->count > 1, true);
    return room;
}

/* Is nothing told of an agency's levels, neither those who have the outcome nor everybody instead?
 * (As count_shown has it.) */
static bool is_silent(const decision_t *t, size_t entity, const cell_t *all, const cell_t *have)
{
    uint64_t everybody = 0, with = 0;
    for (size_t c = 0; c < t->cells; c++) {
        everybody += all[c].count;
        with += have[c].count;
    }
    bool told_whole = t->whole == NULL || !t->whole->hidden[entity];
    return t->key.variable != 0 && (told_whole || everybody - with >= t->d->minimum);
}

static void fill_present(decision_t *t)
{
    block_t all, have;
    block_fill(t->d, &t->entities, 0, t->key.variable, t->key.arm, &all);
    block_fill(t->d, &t->entities, t->key.measure, t->key.variable, t->key.arm, &have);
    for (size_t e = 0; e <= t->entities.count; e++) {
        const cell_t *a = &all.cell[e * t->cells], *h = &have.cell[e * t->cells];
        bool free = e < t->d->members && is_silent(t, e, a, h);
        for (size_t c = 0; c < t->cells; c++) {
            room_t room = missing_room(t, &a[c], &h[c], free);
            if (e == t->entities.count) {
                t->pooled &= !room.raise && !room.lower;
                continue;
            }
            t->cost[e] += a[c].count;
            *room_at(t, 0, e, c) = room;
            if ((t->flag[e] & ENTITY_NOW) && (h[c].flags & CELL_UNKNOWN))
                t->flag[e] |= ENTITY_HIDDEN;
        }
    }
    compare_revisions(t, &have, false);
    block_clear(&all);
    block_clear(&have);
}

/* Successes; nobody and everybody are as sensitive as few. */
static void fill_share(decision_t *t, size_t layer, uint32_t measure)
{
    block_t block;
    block_fill(t->d, &t->entities, measure, t->key.variable, t->key.arm, &block);
    for (size_t e = 0; e <= t->entities.count; e++) {
        for (size_t c = 0; c < t->cells; c++) {
            const cell_t *cell = &block.cell[e * t->cells + c];
            bool unknown = (cell->flags & CELL_IS_SHARE) && !(cell->flags & CELL_SHARE);
            bool few = cell->count > 0 &&
                       (unknown || cell->success < t->d->minimum || cell->failure < t->d->minimum);
            if (e == t->entities.count) {
                t->pooled &= !few;
                continue;
            }
            room_t *room = room_at(t, layer, e, c);
            *room = (room_t){.down = cell->success, .up = cell->failure};
            if (few && cell->success < t->d->minimum)
                add_need(room, true, cell->success > 1);
            if (few && cell->failure < t->d->minimum)
                add_need(room, cell->failure > 1, true);
            if (few && unknown && (t->flag[e] & ENTITY_NOW))
                t->flag[e] |= ENTITY_FORCED;
        }
    }
    compare_revisions(t, &block, true);
    block_clear(&block);
}

static void fill_numbers(decision_t *t, const uint32_t *share, size_t shares)
{
    block_t block;
    block_fill(t->d, &t->entities, t->key.measure, t->key.variable, t->key.arm, &block);
    for (size_t e = 0; e <= t->entities.count; e++) {
        for (size_t c = 0; c < t->cells; c++) {
            const cell_t *cell = &block.cell[e * t->cells + c];
            if (e == t->entities.count) {
                t->pooled &= !(cell->flags & CELL_TROUBLE);
                continue;
            }
            t->cost[e] += cell->count;
            *room_at(t, 0, e, c) = (room_t){
                .down = t->d->has_agency_rows ? cell->count : t->d->minimum, .up = ROOM_FREE};
            if ((t->flag[e] & ENTITY_NOW) && (cell->flags & (CELL_TROUBLE | CELL_UNKNOWN)))
                t->flag[e] |= ENTITY_FORCED;
        }
    }
    compare_revisions(t, &block, false);
    block_clear(&block);
    for (size_t i = 0; i < shares; i++)
        fill_share(t, i + 1, share[i]);
}

/* ---- one pattern -------------------------------------------------------------------------------
 */

static const pattern_t *find(const decision_t *t, enum pattern_kind kind, uint32_t measure,
                             uint32_t variable)
{
    return patterns_find(&t->d->patterns, (pattern_key_t){kind, measure, variable, t->key.arm});
}

/* Whatever is hidden for a wider reason is hidden here too. */
static void find_parents(decision_t *t, bool shares)
{
    uint32_t v = t->key.variable;
    t->whole = v == 0 ? NULL : find(t, t->key.kind, t->key.measure, 0);
    t->parent[0] = t->whole;
    if (t->key.kind == PATTERN_COUNTS)
        t->parent[1] = find(t, PATTERN_TABLE, 0, v);
    if (t->key.kind == PATTERN_PRESENT)
        t->parent[1] = find(t, PATTERN_COUNTS, 0, v);
    if (t->key.kind == PATTERN_NUMBERS) {
        t->parent[1] = find(t, PATTERN_TABLE, 0, v);
        t->parent[2] = shares ? find(t, PATTERN_COUNTS, 0, v) : NULL;
    }
    t->pooled = true;
    for (size_t i = 0; i < sizeof t->parent / sizeof *t->parent; i++)
        t->pooled &= t->parent[i] == NULL || t->parent[i]->pooled;
}

static void decide_one(pilot_disclosure_t *d, const entities_t *entities, pattern_key_t key,
                       const uint32_t *share, size_t shares)
{
    size_t levels = 0, count = entities->count;
    free(disclosure_levels(d, key.variable, &levels));
    decision_t t = {.d = d,
                    .entities = *entities,
                    .key = key,
                    .cells = key.variable == 0 ? 1 : levels + 1,
                    .layers = key.kind == PATTERN_NUMBERS ? 1 + shares : 1};
    t.flag = PILOT_NEW_ARRAY(uint8_t, count + 1);
    t.past = PILOT_NEW_ARRAY(uint64_t, count + 1);
    t.cost = PILOT_NEW_ARRAY(uint64_t, count + 1);
    t.room = PILOT_NEW_ARRAY(room_t, t.layers * t.cells * (count + 1));
    find_parents(&t, shares > 0);
    raise_flags(&t);
    if (key.kind == PATTERN_PRESENT)
        fill_present(&t);
    else if (key.kind == PATTERN_NUMBERS)
        fill_numbers(&t, share, shares);
    else
        fill_base(&t);
    pattern_problem_t problem = {.entities = count,
                                 .cells = t.cells,
                                 .layers = t.layers,
                                 .room = t.room,
                                 .flag = t.flag,
                                 .past = t.past,
                                 .cost = t.cost,
                                 .order = entities->order,
                                 .minimum = d->minimum,
                                 .pooled = t.pooled};
    uint8_t *hidden = PILOT_NEW_ARRAY(uint8_t, count + 1);
    bool pooled = pattern_solve(&problem, hidden);
    pattern_t *pattern = patterns_add(&d->patterns, key, d->members);
    pattern->pooled = pooled;
    memcpy(pattern->hidden, hidden, d->members);
    free(hidden);
    free(t.flag);
    free(t.past);
    free(t.cost);
    free(t.room);
}

/* ---- all of them -------------------------------------------------------------------------------
 */

/* Everybody, as far as rows tell: the most that any outcome has. */
static void make_base(pilot_disclosure_t *d)
{
    size_t columns = d->table.count;
    d->table.cells = d->members + 1;
    for (size_t i = 0; i < columns; i++) {
        column_key_t key = d->table.column[i].key;
        if (key.measure == 0)
            continue;
        column_t *base = table_add(&d->table, (column_key_t){0, key.slot, key.arm});
        const column_t *column = &d->table.column[i];
        for (size_t e = 0; e <= d->members; e++) {
            const cell_t *from = &column->cell[e];
            cell_t *to = &base->cell[e];
            to->flags |= from->flags & CELL_ROW;
            if (from->count > to->count)
                to->count = from->count;
            if ((from->flags & CELL_UNKNOWN) && from->count == 0)
                to->flags |= CELL_UNKNOWN;
        }
    }
    for (size_t i = 0; i < d->table.count; i++)
        for (size_t e = 0; e <= d->members && d->table.column[i].key.measure == 0; e++)
            if (d->table.column[i].cell[e].count > 0)
                d->table.column[i].cell[e].flags &= ~(uint32_t)CELL_UNKNOWN;
}

/* The measures of an outcome that are shares. */
static size_t find_shares(const pilot_disclosure_t *d, uint32_t outcome, uint32_t *ret_share)
{
    bool *is_share = PILOT_NEW_ARRAY(bool, d->measures.count + 1);
    for (size_t i = 0; i < d->table.count; i++) {
        const column_t *column = &d->table.column[i];
        for (size_t e = 0; e <= d->members && !is_share[column->key.measure]; e++)
            is_share[column->key.measure] = column->cell[e].flags & CELL_IS_SHARE;
    }
    size_t count = 0;
    for (uint32_t m = 1; m < d->measures.count; m++)
        if (is_share[m] && strcmp(d->measures.name[m].text, d->measures.name[outcome].text) == 0)
            ret_share[count++] = m;
    free(is_share);
    return count;
}

/* Does this release have rows of it?  What it has not is neither shown nor known afterwards. */
static bool has_rows(const pilot_disclosure_t *d, uint32_t measure, uint32_t variable, uint32_t arm)
{
    for (size_t i = 0; i < d->table.count; i++) {
        column_key_t key = d->table.column[i].key;
        if (key.measure == measure && key.arm == arm &&
            disclosure_variable(d, key.slot) == variable)
            return true;
    }
    return false;
}

static void decide_outcome(pilot_disclosure_t *d, const entities_t *entities, uint32_t outcome)
{
    uint32_t *share = PILOT_NEW_ARRAY(uint32_t, d->measures.count + 1);
    size_t shares = find_shares(d, outcome, share);
    for (uint32_t v = 0; v < d->variables.count; v++) {
        for (uint32_t arm = 0; arm < d->arms.count; arm++) {
            if (!has_rows(d, outcome, v, arm))
                continue;
            decide_one(d, entities, (pattern_key_t){PATTERN_PRESENT, outcome, v, arm}, NULL, 0);
            decide_one(d, entities, (pattern_key_t){PATTERN_NUMBERS, outcome, v, arm}, share,
                       shares);
        }
    }
    free(share);
}

pilot_status_t pilot_disclosure_decide(pilot_disclosure_t *d, pilot_error_t *error)
{
    if (d->decided)
        return pilot_error_set(error, PILOT_E_BUG, "disclosure: decided twice");
    d->decided = true;
    make_base(d);
    entities_t entities;
    entities_find(d, &entities);
    patterns_index(&d->patterns, d->measures.count, d->variables.count, d->arms.count);
    for (size_t r = 0; r < d->pasts; r++)
        patterns_index(&d->past[r].patterns, d->measures.count, d->variables.count, d->arms.count);
    for (uint32_t v = 0; v < d->variables.count; v++) {
        for (uint32_t arm = 0; arm < d->arms.count; arm++) {
            if (!has_rows(d, 0, v, arm))
                continue;
            decide_one(d, &entities, (pattern_key_t){PATTERN_TABLE, 0, v, arm}, NULL, 0);
            decide_one(d, &entities, (pattern_key_t){PATTERN_COUNTS, 0, v, arm}, NULL, 0);
        }
    }
    for (uint32_t m = 1; m < d->measures.count; m++)
        if (*d->measures.name[m].other == '\0')
            decide_outcome(d, &entities, m);
    entities_clear(&entities);
    return PILOT_OK;
}

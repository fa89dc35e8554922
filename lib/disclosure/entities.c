/* Whose counts stand in a relation over this release and earlier ones. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "pilot/memory.h"

/* Has the past release other counts of this member than this release has of the agency?  A plan of
 * another version may see the same submission otherwise.  Shares of control alone are counted:
 * those of other arms are control's and an effect, which other covariates adjust otherwise. */
static bool differs(const pilot_disclosure_t *d, const past_t *past, size_t member, size_t place)
{
    for (size_t i = 0; i < past->table.count; i++) {
        const column_t *old = &past->table.column[i];
        const column_t *now = table_find(&d->table, old->key);
        if (now == NULL)
            continue;
        const cell_t *a = &old->cell[member], *b = &now->cell[place];
        bool exact = old->key.arm == d->control;
        if (a->count != b->count ||
            (exact && (a->success != b->success || a->failure != b->failure)))
            return true;
    }
    return false;
}

static int64_t answer(const pilot_disclosure_t *d, uint32_t entity, int64_t before)
{
    size_t low = 0, high = d->questions;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->question[middle].entity < entity)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < d->questions && d->question[low].entity == entity; low++) {
        const question_t *question = &d->question[low];
        if (d->past[question->release].member[question->member].submission == before)
            return question->units;
    }
    return -1;
}

/* The number of a past submission, of all that are no longer current. */
static uint32_t name_of(pilot_disclosure_t *d, names_t *known, member_t member)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, member.submission);
    return names_add(known, d->agencies.name[member.agency].text, text);
}

/* The entity that a member of a past release is now. */
static uint32_t identify(pilot_disclosure_t *d, entities_t *entities, names_t *known,
                         uint32_t release, uint32_t at)
{
    const past_t *past = &d->past[release];
    member_t member = past->member[at];
    uint32_t now = member.agency < d->member_of_capacity && d->member_of[member.agency] != 0
                       ? d->member_of[member.agency] - 1
                       : NO_ENTITY;
    bool changed = false;
    if (now != NO_ENTITY) {
        bool same = member.submission == d->member[now].submission;
        int64_t units = same ? 0 : answer(d, now, member.submission);
        if (units == 0 && differs(d, past, at, now))
            units = -1;
        if (units == 0)
            return now;
        if (units < (int64_t)d->minimum)
            entities->entity[now].forced = true;
        changed = true;
    }
    uint32_t e = (uint32_t)d->members + name_of(d, known, member);
    bool seen = e < entities->count;
    entities->entity[e] = (entity_t){.member = member, .release = release, .place = at};
    if (seen)
        return e;
    entities->count++;
    if (changed) {
        entities->change[entities->changes].before = e;
        entities->change[entities->changes++].now = now;
    }
    return e;
}

/* Did an earlier submission of the agency have its part in a release? */
static bool is_revision(const pilot_disclosure_t *d, member_t member)
{
    for (size_t r = 0; r < d->pasts; r++) {
        const past_t *past = &d->past[r];
        uint32_t at = member.agency < past->names ? past->member_of[member.agency] : 0;
        if (at != 0 && past->member[at - 1].submission < member.submission)
            return true;
    }
    return false;
}

typedef struct sort_key {
    const char *name;
    int64_t submission;
    uint32_t entity;
} sort_key_t;

static int compare_keys(const void *a, const void *b)
{
    const sort_key_t *x = a, *y = b;
    int by_name = strcmp(x->name, y->name);
    return by_name != 0 ? by_name
                        : (x->submission > y->submission) - (x->submission < y->submission);
}

void entities_find(pilot_disclosure_t *d, entities_t *entities)
{
    size_t most = d->members;
    for (size_t r = 0; r < d->pasts; r++)
        most += d->past[r].members;
    *entities = (entities_t){.entity = PILOT_NEW_ARRAY(entity_t, most + 1), .count = d->members};
    entities->change = pilot_alloc(most + 1, sizeof *entities->change);
    for (size_t e = 0; e < d->members; e++)
        entities->entity[e] =
            (entity_t){.member = d->member[e], .release = (uint32_t)d->pasts, .place = (uint32_t)e};
    names_t known = {0};
    for (uint32_t r = 0; r < d->pasts; r++) {
        past_t *past = &d->past[r];
        past->entity = PILOT_NEW_ARRAY(uint32_t, past->members + 1);
        for (uint32_t i = 0; i < past->members; i++)
            past->entity[i] = identify(d, entities, &known, r, i);
    }
    names_clear(&known);
    /* How much a revision changed that is gone by now is not known any more. */
    for (size_t e = d->members; e < entities->count; e++)
        entities->entity[e].forced = is_revision(d, entities->entity[e].member);
    sort_key_t *key = PILOT_NEW_ARRAY(sort_key_t, entities->count + 1);
    for (uint32_t e = 0; e < entities->count; e++) {
        const member_t *member = &entities->entity[e].member;
        key[e] = (sort_key_t){d->agencies.name[member->agency].text, member->submission, e};
    }
    qsort(key, entities->count, sizeof *key, compare_keys);
    entities->order = PILOT_NEW_ARRAY(uint32_t, entities->count + 1);
    for (size_t i = 0; i < entities->count; i++)
        entities->order[i] = key[i].entity;
    free(key);
}

void entities_clear(entities_t *entities)
{
    free(entities->entity);
    free(entities->order);
    free(entities->change);
}

/* ---- counts ------------------------------------------------------------------------------------
 */

/* One slot's cells into cells[entity * stride]. */
static void fill_slot(const pilot_disclosure_t *d, const entities_t *entities, column_key_t key,
                      cell_t *cells, size_t stride)
{
    const column_t *now = table_find(&d->table, key);
    if (now != NULL) {
        for (size_t e = 0; e < d->members; e++)
            cells[e * stride] = now->cell[e];
        cells[entities->count * stride] = now->cell[d->members];
    }
    if (entities->count == d->members)
        return;
    const column_t *past[PILOT_DISCLOSURE_RELEASES] = {0};
    for (size_t r = 0; r < d->pasts; r++)
        past[r] = table_find(&d->past[r].table, key);
    for (size_t e = d->members; e < entities->count; e++) {
        const entity_t *entity = &entities->entity[e];
        if (past[entity->release] != NULL)
            cells[e * stride] = past[entity->release]->cell[entity->place];
    }
}

static uint32_t less(uint32_t whole, uint32_t part)
{
    return whole > part ? whole - part : 0;
}

void block_fill(const pilot_disclosure_t *d, const entities_t *entities, uint32_t measure,
                uint32_t variable, uint32_t arm, block_t *ret_block)
{
    size_t levels = 0;
    uint32_t *slot = disclosure_levels(d, variable, &levels);
    size_t cells = variable == 0 ? 1 : levels + 1, rows = entities->count + 1;
    *ret_block = (block_t){
        .cells = cells, .entities = entities->count, .cell = PILOT_NEW_ARRAY(cell_t, rows * cells)};
    for (size_t i = 0; i < levels; i++)
        fill_slot(d, entities, (column_key_t){measure, slot[i], arm}, ret_block->cell + i, cells);
    free(slot);
    if (variable == 0)
        return;
    cell_t *whole = PILOT_NEW_ARRAY(cell_t, rows);
    fill_slot(d, entities, (column_key_t){measure, 0, arm}, whole, 1);
    for (size_t e = 0; e < rows; e++) {
        cell_t *row = ret_block->cell + e * cells, *rest = row + levels;
        rest->count = whole[e].count;
        rest->success = whole[e].success;
        rest->failure = whole[e].failure;
        rest->flags = whole[e].flags & (CELL_IS_SHARE | CELL_SHARE);
        for (size_t i = 0; i < levels; i++) {
            rest->count = less(rest->count, row[i].count);
            rest->success = less(rest->success, row[i].success);
            rest->failure = less(rest->failure, row[i].failure);
        }
    }
    free(whole);
}

void block_clear(block_t *block)
{
    free(block->cell);
}

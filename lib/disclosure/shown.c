/* What the decision says of one place. */
#include "shown.h"

bool subject_find(const pilot_disclosure_t *d, const pilot_disclosure_key_t *key,
                  subject_t *ret_subject)
{
    *ret_subject = (subject_t){.place = disclosure_place(d, key->agency),
                               .measure = names_find(&d->measures, key->outcome, ""),
                               .slot = names_find(&d->slots, key->subgroup, key->level),
                               .variable = names_find(&d->variables, key->subgroup, ""),
                               .arm = names_find(&d->arms, key->arm, ""),
                               .control = names_find(&d->arms, key->control, "")};
    return d->decided && ret_subject->place != SIZE_MAX && ret_subject->measure != NAME_NONE &&
           ret_subject->slot != NAME_NONE && ret_subject->variable != NAME_NONE &&
           ret_subject->arm != NAME_NONE && ret_subject->control != NAME_NONE;
}

bool is_shown(const pilot_disclosure_t *d, enum pattern_kind kind, uint32_t measure,
              uint32_t variable, uint32_t arm, size_t place)
{
    const pattern_t *pattern =
        patterns_find(&d->patterns, (pattern_key_t){kind, measure, variable, arm});
    if (pattern == NULL || !d->decided || place > d->members)
        return false;
    return place == d->members ? pattern->pooled : pattern->hidden[place] == 0;
}

bool are_numbers_shown(const pilot_disclosure_t *d, const subject_t *s, size_t place)
{
    return is_shown(d, PATTERN_TABLE, 0, s->variable, s->arm, place) &&
           is_shown(d, PATTERN_TABLE, 0, s->variable, s->control, place) &&
           is_shown(d, PATTERN_NUMBERS, s->measure, s->variable, s->arm, place) &&
           is_shown(d, PATTERN_NUMBERS, s->measure, s->variable, s->control, place);
}

const cell_t *cell_find(const pilot_disclosure_t *d, uint32_t measure, uint32_t slot, uint32_t arm,
                        size_t place)
{
    const column_t *column = table_find(&d->table, (column_key_t){measure, slot, arm});
    return column == NULL || place > d->members ? NULL : &column->cell[place];
}

static bool few_lack(const pilot_disclosure_t *d, const subject_t *s, uint32_t slot, uint32_t arm)
{
    const cell_t *all = cell_find(d, 0, slot, arm, s->place);
    const cell_t *have = cell_find(d, s->measure, slot, arm, s->place);
    return all != NULL && have != NULL && all->count - have->count < d->minimum &&
           have->count >= d->minimum;
}

/* So few lack the outcome that everybody may be told of instead?  Of a level only if that is so of
 * the whole sample: a total of those who lack it would bound each level's. */
static bool is_everybody_told(const pilot_disclosure_t *d, const subject_t *s, uint32_t arm)
{
    if (s->variable != 0 && is_shown(d, PATTERN_PRESENT, s->measure, 0, arm, s->place))
        return false;
    return few_lack(d, s, 0, arm) && few_lack(d, s, s->slot, arm);
}

pilot_released_t count_shown(const pilot_disclosure_t *d, const subject_t *s, uint32_t arm)
{
    const pilot_released_t hidden = {.mark = PILOT_MARK_SUPPRESSED};
    const cell_t *all = cell_find(d, 0, s->slot, arm, s->place);
    const cell_t *have = cell_find(d, s->measure, s->slot, arm, s->place);
    if (all == NULL || have == NULL || !(have->flags & CELL_ROW) || (have->flags & CELL_UNKNOWN) ||
        !is_shown(d, PATTERN_COUNTS, 0, s->variable, arm, s->place))
        return hidden;
    if (s->measure == 0)
        return round_count(all->count, d->rule.round_to);
    if (is_shown(d, PATTERN_PRESENT, s->measure, s->variable, arm, s->place))
        return round_count(have->count, d->rule.round_to);
    return is_everybody_told(d, s, arm) ? round_count(all->count, d->rule.round_to) : hidden;
}

unit_t share_unit(const pilot_disclosure_t *d, const subject_t *s, uint32_t arm)
{
    const cell_t *all = cell_find(d, 0, s->slot, arm, s->place);
    double count = all == NULL || all->count == 0 ? 1 : (double)all->count;
    double to = d->rule.round_to < 1 ? 1 : (double)d->rule.round_to;
    return unit_above(to < count ? to / count : 1);
}

unit_t coarser(unit_t a, unit_t b)
{
    return unit_value(a) >= unit_value(b) ? a : b;
}

bool hide_all(const pilot_number_in_t *number, pilot_released_t *ret_released, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ret_released[i] = suppressed(number[i]);
    return false;
}

#include "assign_round.h"

/* Rows, arms, rows ...: the corners of a walk along open entries. */
#define MOST_STEPS (2 * PILOT_ROUND_ROWS + 2)

struct entry {
    size_t row, arm;
};

static uint64_t bit(size_t arm)
{
    return (uint64_t)1 << arm;
}

static size_t lowest(uint64_t arms)
{
    return (size_t)__builtin_ctzll(arms);
}

void pilot_round_init(pilot_round_t *round, const pilot_shares_t *shares, pilot_chance_t *chance,
                      void *context, uint64_t *up)
{
    round->shares = shares;
    round->chance = chance;
    round->context = context;
    round->up = up;
    round->rows = 0;
}

/* Take away whatever lies on no cycle: entries that are alone in their row or column.  What is
 * left, if anything, has a cycle. */
static bool find_core(const pilot_round_t *round, uint64_t core[PILOT_ROUND_ROWS])
{
    uint64_t all = 0;
    bool changed = true;
    for (size_t i = 0; i < round->rows; i++)
        core[i] = round->row[i].open;
    while (changed) {
        uint64_t once = 0, twice = 0;
        changed = false;
        all = 0;
        for (size_t i = 0; i < round->rows; i++) {
            twice |= once & core[i];
            once |= core[i];
        }
        for (size_t i = 0; i < round->rows; i++) {
            uint64_t kept = core[i] & twice;
            kept = kept & (kept - 1) ? kept : 0;
            changed = changed || kept != core[i];
            core[i] = kept;
            all |= kept;
        }
    }
    return all != 0;
}

/* Walk from corner to corner, never back along the same entry, until one is met again.
 * Returns the number of entries of the cycle, which is even; they stand in the order of walking. */
static size_t find_cycle(const uint64_t core[PILOT_ROUND_ROWS], struct entry cycle[MOST_STEPS])
{
    size_t row_step[PILOT_ROUND_ROWS] = {0}, arm_step[PILOT_ASSIGN_MOST_ARMS] = {0};
    size_t row = 0, steps = 0, first;
    uint64_t came_by = 0;
    while (core[row] == 0)
        row++;
    for (;;) {
        /* Steps count from 1: 0 is "not been here". */
        if (row_step[row] > 0) {
            first = row_step[row] - 1;
            break;
        }
        row_step[row] = steps + 1;
        size_t arm = lowest(core[row] & ~came_by);
        cycle[steps++] = (struct entry){row, arm};
        if (arm_step[arm] > 0) {
            first = arm_step[arm] - 1;
            break;
        }
        arm_step[arm] = steps + 1;
        size_t next = 0;
        while (next == row || !(core[next] & bit(arm)))
            next++;
        cycle[steps++] = (struct entry){next, arm};
        row = next;
        came_by = bit(arm);
    }
    for (size_t i = first; i < steps; i++)
        cycle[i - first] = cycle[i];
    return steps - first;
}

static void move(pilot_round_t *round, const struct entry *entry, bool up, uint32_t distance)
{
    pilot_round_row_t *row = &round->row[entry->row];
    uint32_t *part = &row->part[entry->arm];
    *part = up ? *part + distance : *part - distance;
    if (*part != 0 && *part != round->shares->total)
        return;
    row->open &= ~bit(entry->arm);
    if (*part != 0)
        row->up |= bit(entry->arm);
}

/* forward: how far the first, third ... entry can go up and the others down; backward: the other
 * way.  Going forward with probability backward / (forward + backward) keeps every mean. */
static void turn(pilot_round_t *round, const struct entry *cycle, size_t length)
{
    uint32_t total = round->shares->total, forward = total, backward = total;
    for (size_t i = 0; i < length; i++) {
        uint32_t part = round->row[cycle[i].row].part[cycle[i].arm];
        uint32_t above = i % 2 == 0 ? total - part : part;
        uint32_t below = total - above;
        forward = above < forward ? above : forward;
        backward = below < backward ? below : backward;
    }
    bool goes_forward =
        round->chance(round->context, backward, (uint64_t)forward + (uint64_t)backward);
    for (size_t i = 0; i < length; i++)
        move(round, &cycle[i], (i % 2 == 0) == goes_forward, goes_forward ? forward : backward);
}

static void drop_whole_rows(pilot_round_t *round)
{
    for (size_t i = round->rows; i-- > 0;) {
        pilot_round_row_t *row = &round->row[i];
        if (row->open)
            continue;
        if (row->block != SIZE_MAX)
            round->up[row->block] = row->up;
        *row = round->row[--round->rows];
    }
}

static void reduce(pilot_round_t *round)
{
    uint64_t core[PILOT_ROUND_ROWS];
    struct entry cycle[MOST_STEPS] = {{0}};
    while (find_core(round, core)) {
        size_t length = find_cycle(core, cycle);
        turn(round, cycle, length);
    }
    drop_whole_rows(round);
}

static void set_part(pilot_round_row_t *row, size_t arm, uint32_t part)
{
    row->part[arm] = part;
    if (part != 0)
        row->open |= bit(arm);
}

void pilot_round_add(pilot_round_t *round, size_t block, uint32_t size)
{
    const pilot_shares_t *shares = round->shares;
    pilot_round_row_t *row = &round->row[round->rows++];
    *row = (pilot_round_row_t){.block = block};
    for (size_t arm = 0; arm < shares->arms; arm++)
        set_part(row, arm, (uint32_t)((uint64_t)size * shares->weight[arm] % shares->total));
    reduce(round);
}

/* What fills each arm's total up to a whole number makes all margins whole; then there is a cycle
 * as long as anything is open. */
void pilot_round_finish(pilot_round_t *round)
{
    const pilot_shares_t *shares = round->shares;
    pilot_round_row_t *slack = &round->row[round->rows];
    *slack = (pilot_round_row_t){.block = SIZE_MAX};
    for (size_t arm = 0; arm < shares->arms; arm++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < round->rows; i++)
            sum += round->row[i].open & bit(arm) ? round->row[i].part[arm] : 0;
        set_part(slack, arm, (uint32_t)((shares->total - sum % shares->total) % shares->total));
    }
    round->rows++;
    reduce(round);
}

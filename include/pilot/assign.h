/* pilot/assign.h - random assignment of what is randomized (units, or whole clusters) to arms,
 * complete within blocks, with counts that are rounded fairly across blocks.
 *
 * In a block of m the count of arm a is m * p_a rounded down or up; so is its total over all
 * blocks; and everybody's probability of arm a is p_a exactly.  The same seed, group and block
 * sizes always give the same arms.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/assignment.md */
#ifndef PILOT_ASSIGN_H
#define PILOT_ASSIGN_H

#include <stddef.h>
#include <stdint.h>

#define PILOT_ASSIGN_MOST_ARMS 64

/* Probabilities as whole numbers, so that nothing has to be compared with a tolerance:
 * arm a has weight[a] / total. */
typedef struct pilot_shares {
    size_t arms;
    uint32_t total;
    uint32_t weight[PILOT_ASSIGN_MOST_ARMS];
} pilot_shares_t;

/* probability: arms of them (at most PILOT_ASSIGN_MOST_ARMS), above 0, adding up to 1; NULL: equal.
 * What is a fraction with a denominator up to 10,000 is taken exactly (0.35; 1/3); any other to
 * nine digits. */
void pilot_shares_init(pilot_shares_t *shares, const double *probability, size_t arms);

/* size: how many are in each of the blocks (each at least 1), in the order of rank; group: a number
 * that is another for each group that is assigned by itself.
 * ret_arm[i]: arm of the i-th by rank, those of the first block first. */
void pilot_assign(const pilot_shares_t *shares, const uint32_t *size, size_t blocks, uint64_t seed,
                  uint64_t group, uint16_t *ret_arm);

#endif

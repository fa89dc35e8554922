/* Philox4x32-10: the published known answers, and streams built on it. */
#include <string.h>

#include "../../lib/stat/philox.h"
#include "../harness/tap.h"

static void test_known_answers(void)
{
    /* Random123's kat_vectors: counter, key, words. */
    static const struct {
        uint32_t counter[4], key[2], word[4];
    } known[] = {
        {{0}, {0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t word[4];
        uint64_t key = (uint64_t)known[i].key[1] << 32 | known[i].key[0];
        pilot_philox(key, known[i].counter, word);
        ok(memcmp(word, known[i].word, sizeof word) == 0, "known answer %zu of Random123", i + 1);
    }
}

static void test_stream(void)
{
    pilot_stream_t stream = pilot_stream(7, 11, 13, PILOT_PURPOSE_ASSIGNMENT, 3);
    uint32_t first[4], second[4], word[8];
    for (int i = 0; i < 8; i++)
        word[i] = pilot_stream_word(&stream);
    pilot_philox(7, (uint32_t[4]){11, 0, 13, 1u << 24 | 3}, first);
    pilot_philox(7, (uint32_t[4]){11, 1, 13, 1u << 24 | 3}, second);
    ok(memcmp(word, first, 16) == 0 && memcmp(word + 4, second, 16) == 0,
       "a stream gives the words of consecutive counters");
}

static void test_below(void)
{
    pilot_stream_t stream = pilot_stream(1, 0, 0, PILOT_PURPOSE_ASSIGNMENT, 0);
    unsigned count[7] = {0};
    for (int i = 0; i < 70000; i++)
        count[pilot_stream_below(&stream, 7)]++;
    double chi2 = 0;
    for (int i = 0; i < 7; i++)
        chi2 += (count[i] - 10000.0) * (count[i] - 10000.0) / 10000.0;
    ok(chi2 < 22.46, "70,000 numbers below 7 are even (chi2 with 6 df: %.2f)", chi2);
    bool one = true;
    for (int i = 0; i < 100; i++)
        one = one && pilot_stream_below(&stream, 1) == 0;
    ok(one, "below 1 there is 0 alone");
    /* A bound for which almost half of all words are drawn again. */
    const uint64_t large = ((uint64_t)1 << 63) + 1;
    bool within = true;
    for (int i = 0; i < 1000; i++)
        within = within && pilot_stream_below(&stream, large) < large;
    ok(within, "a bound above 2^63 holds");
}

int main(void)
{
    test_known_answers();
    test_stream();
    test_below();
    return tap_done();
}

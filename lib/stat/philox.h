/* Random numbers that are a function of their place alone: Philox4x32-10 (Salmon, Moraes, Dror and
 * Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), from Random123.
 *
 * The key is the plan's seed; the counter says which draw of which use it is, so that no two uses
 * share a number.  A stream is one use's numbers in order. */
#ifndef PILOT_STAT_PHILOX_H
#define PILOT_STAT_PHILOX_H

#include <Random123/philox.h>
#include <stdint.h>

/* The upper 8 bits of counter word 3: one for each use, never given twice. */
typedef enum pilot_purpose {
    PILOT_PURPOSE_ASSIGNMENT = 1,
    PILOT_PURPOSE_POWER = 2,
    PILOT_PURPOSE_BOOTSTRAP = 3,
} pilot_purpose_t;

static inline void pilot_philox(uint64_t key, const uint32_t counter[4], uint32_t ret_word[4])
{
    philox4x32_ctr_t at = {{counter[0], counter[1], counter[2], counter[3]}};
    philox4x32_key_t seed = {{(uint32_t)key, (uint32_t)(key >> 32)}};
    philox4x32_ctr_t word = philox4x32_R(10, at, seed);
    for (int i = 0; i < 4; i++)
        ret_word[i] = word.v[i];
}

/* Counter word 1 counts the blocks of four words; the other three are the stream's name. */
typedef struct pilot_stream {
    uint64_t key;
    uint32_t counter[4];
    uint32_t word[4];
    int used; /* words of `word`; 4: none is left */
} pilot_stream_t;

/* first, second: counter words 0 and 2; stage: below 2^24. */
static inline pilot_stream_t pilot_stream(uint64_t key, uint32_t first, uint32_t second,
                                          pilot_purpose_t purpose, uint32_t stage)
{
    return (pilot_stream_t){
        .key = key, .counter = {first, 0, second, (uint32_t)purpose << 24 | stage}, .used = 4};
}

static inline uint32_t pilot_stream_word(pilot_stream_t *stream)
{
    if (stream->used == 4) {
        pilot_philox(stream->key, stream->counter, stream->word);
        stream->counter[1]++;
        stream->used = 0;
    }
    return stream->word[stream->used++];
}

/* Two words, the first one the upper half. */
static inline uint64_t pilot_stream_wide(pilot_stream_t *stream)
{
    uint64_t upper = pilot_stream_word(stream);
    return upper << 32 | pilot_stream_word(stream);
}

/* A whole number from 0 to bound - 1, each exactly as likely: what would favour small ones is
 * drawn again.  bound > 0. */
static inline uint64_t pilot_stream_below(pilot_stream_t *stream, uint64_t bound)
{
    uint64_t excess = (UINT64_MAX % bound + 1) % bound, value;
    do
        value = pilot_stream_wide(stream);
    while (value > UINT64_MAX - excess);
    return value % bound;
}

#endif

#include "../harness/tap.h"

#include <string.h>

#include "../../worker/cache.h"
#include "pilot/memory.h"

enum { SIZE = 1000 };

static pilot_dataset_t *make(uint64_t submission)
{
    pilot_dataset_t *dataset = PILOT_NEW(pilot_dataset_t);
    dataset->submission = submission;
    dataset->bytes = SIZE;
    return dataset;
}

static void put(pilot_cache_t *cache, uint64_t submission)
{
    pilot_cache_release(cache, pilot_cache_add(cache, make(submission), "k", 1));
}

static bool has(pilot_cache_t *cache, uint64_t submission, const char *key)
{
    pilot_cached_t *cached = pilot_cache_find(cache, submission, key, strlen(key));
    bool right = cached && pilot_cached_dataset(cached)->submission == submission;
    pilot_cache_release(cache, cached);
    return right;
}

static void oldest_goes_first(void)
{
    pilot_cache_t *cache = pilot_cache_new(3 * (SIZE + 200));
    put(cache, 1);
    put(cache, 2);
    put(cache, 3);
    ok(has(cache, 1, "k") && has(cache, 2, "k") && has(cache, 3, "k"), "three fit");
    ok(!has(cache, 1, "other"), "another layout's columns are another entry");
    has(cache, 1, "k");
    put(cache, 4);
    ok(!has(cache, 2, "k"), "the least recently used is out");
    ok(has(cache, 1, "k") && has(cache, 3, "k") && has(cache, 4, "k"), "the others stay");
    ok(pilot_cache_bytes(cache) <= 3 * (SIZE + 200), "the limit holds");
    pilot_cache_free(cache);
}

static void what_is_used_stays(void)
{
    pilot_cache_t *cache = pilot_cache_new(2 * (SIZE + 200));
    pilot_cached_t *used = pilot_cache_add(cache, make(1), "k", 1);
    put(cache, 2);
    put(cache, 3);
    ok(has(cache, 1, "k") && !has(cache, 2, "k"), "a dataset in use is passed over");
    pilot_cached_t *second = pilot_cache_add(cache, make(3), "k", 1);
    ok(pilot_cached_dataset(second)->submission == 3, "the same again gives the one that is there");
    pilot_cached_t *homeless = pilot_cache_add(cache, make(4), "k", 1);
    ok(homeless && pilot_cached_dataset(homeless)->submission == 4 && !has(cache, 4, "k"),
       "where all is in use a new one lives for its user only");
    pilot_cache_release(cache, homeless);
    pilot_cache_release(cache, second);
    pilot_cache_release(cache, used);
    put(cache, 5);
    put(cache, 6);
    ok(!has(cache, 1, "k"), "released, it can go");
    pilot_cache_free(cache);
}

static void too_large_is_not_kept(void)
{
    pilot_cache_t *cache = pilot_cache_new(SIZE / 2);
    pilot_cached_t *cached = pilot_cache_add(cache, make(1), "k", 1);
    ok(cached && pilot_cache_bytes(cache) == 0, "larger than the cache: used, not kept");
    pilot_cache_release(cache, cached);
    ok(!has(cache, 1, "k"), "and gone afterwards");
    pilot_cache_free(cache);
}

static void news_are_told_once(void)
{
    pilot_cache_t *cache = pilot_cache_new(100 * SIZE);
    uint64_t news[4];
    ok(pilot_cache_news(cache, news, 4) == 0, "an empty cache has no news");
    put(cache, 11);
    put(cache, 12);
    ok(pilot_cache_news(cache, news, 1) == 1 && news[0] == 12, "at most as many as asked for");
    ok(pilot_cache_news(cache, news, 4) == 1 && news[0] == 11, "the rest later");
    ok(pilot_cache_news(cache, news, 4) == 0, "and not again");
    pilot_cache_renew_news(cache);
    ok(pilot_cache_news(cache, news, 4) == 2, "to a new coordinator all of it is news");
    pilot_cache_free(cache);
}

int main(void)
{
    oldest_goes_first();
    what_is_used_stays();
    too_large_is_not_kept();
    news_are_told_once();
    return tap_done();
}

#include "cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

enum { BUCKETS = 8192 };

struct pilot_cached {
    pilot_dataset_t *dataset;
    char *key;
    size_t key_length;
    size_t bytes;
    size_t references;
    bool kept; /* in the table and the list */
    bool told; /* announced */
    pilot_cached_t *next_in_bucket;
    pilot_cached_t *newer, *older;
};

struct pilot_cache {
    pthread_mutex_t mutex;
    size_t limit, bytes;
    pilot_cached_t *newest, *oldest;
    pilot_cached_t *bucket[BUCKETS];
    size_t untold;
};

pilot_cache_t *pilot_cache_new(size_t limit_bytes)
{
    pilot_cache_t *cache = PILOT_NEW(pilot_cache_t);
    cache->limit = limit_bytes;
    pthread_mutex_init(&cache->mutex, NULL);
    return cache;
}

static void free_cached(pilot_cached_t *cached)
{
    pilot_dataset_free(cached->dataset);
    free(cached->key);
    free(cached);
}

/* Submissions count up from one, so their low bits spread well. */
static pilot_cached_t **bucket_of(pilot_cache_t *cache, uint64_t submission)
{
    return &cache->bucket[submission % BUCKETS];
}

static void unlink_from_list(pilot_cache_t *cache, pilot_cached_t *cached)
{
    if (cached->newer)
        cached->newer->older = cached->older;
    else
        cache->newest = cached->older;
    if (cached->older)
        cached->older->newer = cached->newer;
    else
        cache->oldest = cached->newer;
    cached->newer = cached->older = NULL;
}

static void link_as_newest(pilot_cache_t *cache, pilot_cached_t *cached)
{
    cached->newer = NULL;
    cached->older = cache->newest;
    if (cache->newest)
        cache->newest->newer = cached;
    else
        cache->oldest = cached;
    cache->newest = cached;
}

static void drop(pilot_cache_t *cache, pilot_cached_t *cached)
{
    pilot_cached_t **at = bucket_of(cache, cached->dataset->submission);
    while (*at != cached)
        at = &(*at)->next_in_bucket;
    *at = cached->next_in_bucket;
    unlink_from_list(cache, cached);
    cache->bytes -= cached->bytes;
    cache->untold -= cached->told ? 0 : 1;
    cached->kept = false;
    if (cached->references == 0)
        free_cached(cached);
}

void pilot_cache_free(pilot_cache_t *cache)
{
    if (!cache)
        return;
    while (cache->oldest)
        drop(cache, cache->oldest);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static pilot_cached_t *find(pilot_cache_t *cache, uint64_t submission, const char *key,
                            size_t key_length)
{
    pilot_cached_t *cached = *bucket_of(cache, submission);
    for (; cached; cached = cached->next_in_bucket) {
        if (cached->dataset->submission == submission && cached->key_length == key_length &&
            memcmp(cached->key, key, key_length) == 0)
            return cached;
    }
    return NULL;
}

static pilot_cached_t *use(pilot_cache_t *cache, pilot_cached_t *cached)
{
    cached->references++;
    unlink_from_list(cache, cached);
    link_as_newest(cache, cached);
    return cached;
}

pilot_cached_t *pilot_cache_find(pilot_cache_t *cache, uint64_t submission, const char *key,
                                 size_t key_length)
{
    pthread_mutex_lock(&cache->mutex);
    pilot_cached_t *cached = find(cache, submission, key, key_length);
    if (cached)
        use(cache, cached);
    pthread_mutex_unlock(&cache->mutex);
    return cached;
}

/* Oldest first; what is in use stays, for its memory would not come back. */
static void make_room(pilot_cache_t *cache, size_t bytes)
{
    pilot_cached_t *cached = cache->oldest;
    while (cached && cache->bytes + bytes > cache->limit) {
        pilot_cached_t *newer = cached->newer;
        if (cached->references == 0)
            drop(cache, cached);
        cached = newer;
    }
}

pilot_cached_t *pilot_cache_add(pilot_cache_t *cache, pilot_dataset_t *dataset, const char *key,
                                size_t key_length)
{
    pthread_mutex_lock(&cache->mutex);
    pilot_cached_t *cached = find(cache, dataset->submission, key, key_length);
    if (cached) { /* another thread was faster */
        use(cache, cached);
        pthread_mutex_unlock(&cache->mutex);
        pilot_dataset_free(dataset);
        return cached;
    }
    cached = PILOT_NEW(pilot_cached_t);
    cached->dataset = dataset;
    cached->key = pilot_strndup(key, key_length);
    cached->key_length = key_length;
    cached->bytes = dataset->bytes + sizeof *cached + key_length;
    cached->references = 1;
    if (cached->bytes <= cache->limit)
        make_room(cache, cached->bytes);
    if (cache->bytes + cached->bytes <= cache->limit) {
        pilot_cached_t **bucket = bucket_of(cache, dataset->submission);
        cached->next_in_bucket = *bucket;
        *bucket = cached;
        link_as_newest(cache, cached);
        cached->kept = true;
        cache->bytes += cached->bytes;
        cache->untold++;
    }
    pthread_mutex_unlock(&cache->mutex);
    return cached;
}

const pilot_dataset_t *pilot_cached_dataset(const pilot_cached_t *cached)
{
    return cached->dataset;
}

void pilot_cache_release(pilot_cache_t *cache, pilot_cached_t *cached)
{
    if (!cached)
        return;
    pthread_mutex_lock(&cache->mutex);
    bool last = --cached->references == 0;
    bool gone = last && !cached->kept;
    pthread_mutex_unlock(&cache->mutex);
    if (gone)
        free_cached(cached);
}

size_t pilot_cache_news(pilot_cache_t *cache, uint64_t *ret_submission, size_t most)
{
    size_t count = 0;
    pthread_mutex_lock(&cache->mutex);
    pilot_cached_t *cached = cache->untold > 0 ? cache->newest : NULL;
    for (; cached && count < most && cache->untold > 0; cached = cached->older) {
        if (cached->told)
            continue;
        cached->told = true;
        cache->untold--;
        ret_submission[count++] = cached->dataset->submission;
    }
    pthread_mutex_unlock(&cache->mutex);
    return count;
}

void pilot_cache_renew_news(pilot_cache_t *cache)
{
    pthread_mutex_lock(&cache->mutex);
    cache->untold = 0;
    for (pilot_cached_t *cached = cache->newest; cached; cached = cached->older) {
        cached->told = false;
        cache->untold++;
    }
    pthread_mutex_unlock(&cache->mutex);
}

size_t pilot_cache_bytes(pilot_cache_t *cache)
{
    pthread_mutex_lock(&cache->mutex);
    size_t bytes = cache->bytes;
    pthread_mutex_unlock(&cache->mutex);
    return bytes;
}

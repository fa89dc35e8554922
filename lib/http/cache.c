/* cache.c - pages that are kept: a hash table with a list from the latest used to the least,
 * bounded in pages and bytes. */
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "room.h"

enum { BUCKETS = 2048, PAGE_COST = 2048 }; /* what a page takes beside its body */

typedef struct cached_page {
    char *key;
    http_answer_t *answer;
    bool live;
    struct cached_page *in_bucket;
    struct cached_page *newer, *older;
} cached_page_t;

struct http_cache {
    pthread_mutex_t lock;
    cached_page_t *bucket[BUCKETS];
    cached_page_t *newest, *oldest;
    size_t pages, bytes;
    http_epoch_t epoch;
};

http_cache_t *http_cache_new(void)
{
    http_cache_t *cache = PILOT_NEW(http_cache_t);
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

/* FNV-1a: keys are short, and the table does not grow under whoever invents them. */
static size_t bucket_of(const char *key)
{
    uint64_t hash = 14695981039346656037u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return (size_t)(hash % BUCKETS);
}

static void unlink_age(http_cache_t *cache, cached_page_t *page)
{
    *(page->newer ? &page->newer->older : &cache->newest) = page->older;
    *(page->older ? &page->older->newer : &cache->oldest) = page->newer;
    page->newer = page->older = NULL;
}

static void link_newest(http_cache_t *cache, cached_page_t *page)
{
    page->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = page;
    cache->newest = page;
}

static size_t cost(const cached_page_t *page)
{
    return page->answer->size + PAGE_COST + strlen(page->key);
}

static void remove_page(http_cache_t *cache, cached_page_t *page)
{
    cached_page_t **at = &cache->bucket[bucket_of(page->key)];
    while (*at != page)
        at = &(*at)->in_bucket;
    *at = page->in_bucket;
    unlink_age(cache, page);
    cache->pages--;
    cache->bytes -= cost(page);
    http_answer_drop(page->answer);
    free(page->key);
    free(page);
}

static cached_page_t *find_page(const http_cache_t *cache, const char *key)
{
    cached_page_t *page = cache->bucket[bucket_of(key)];
    while (page && strcmp(page->key, key) != 0)
        page = page->in_bucket;
    return page;
}

http_answer_t *http_cache_find(http_cache_t *cache, const char *key)
{
    pthread_mutex_lock(&cache->lock);
    cached_page_t *page = find_page(cache, key);
    http_answer_t *answer = NULL;
    if (page) {
        unlink_age(cache, page);
        link_newest(cache, page);
        answer = http_answer_keep(page->answer);
    }
    pthread_mutex_unlock(&cache->lock);
    return answer;
}

http_epoch_t http_cache_epoch(http_cache_t *cache)
{
    pthread_mutex_lock(&cache->lock);
    http_epoch_t epoch = cache->epoch;
    pthread_mutex_unlock(&cache->lock);
    return epoch;
}

static void insert_page(http_cache_t *cache, const char *key, http_answer_t *answer, bool live)
{
    cached_page_t *page = PILOT_NEW(cached_page_t);
    page->key = pilot_strdup(key);
    page->answer = http_answer_keep(answer);
    page->live = live;
    cached_page_t **bucket = &cache->bucket[bucket_of(key)];
    page->in_bucket = *bucket;
    *bucket = page;
    link_newest(cache, page);
    cache->pages++;
    cache->bytes += cost(page);
    while (cache->oldest &&
           (cache->pages > PILOT_HTTP_CACHED_PAGES || cache->bytes > PILOT_HTTP_CACHED_BYTES))
        remove_page(cache, cache->oldest);
}

void http_cache_put(http_cache_t *cache, const char *key, http_answer_t *answer, bool live,
                    http_epoch_t epoch)
{
    pthread_mutex_lock(&cache->lock);
    bool current = epoch.all == cache->epoch.all && (!live || epoch.live == cache->epoch.live);
    if (current) {
        cached_page_t *there = find_page(cache, key);
        if (there)
            remove_page(cache, there);
        insert_page(cache, key, answer, live);
    }
    pthread_mutex_unlock(&cache->lock);
}

static void forget(http_cache_t *cache, bool live_only)
{
    for (cached_page_t *page = cache->newest, *older; page; page = older) {
        older = page->older;
        if (!live_only || page->live)
            remove_page(cache, page);
    }
}

void http_cache_forget(http_cache_t *cache, bool live_only)
{
    pthread_mutex_lock(&cache->lock);
    if (live_only)
        cache->epoch.live++;
    else
        cache->epoch.all++;
    forget(cache, live_only);
    pthread_mutex_unlock(&cache->lock);
}

void http_cache_free(http_cache_t *cache)
{
    if (!cache)
        return;
    forget(cache, false);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

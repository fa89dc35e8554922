/* A private cluster for the store's tests, in a temporary folder that goes when the test ends. */
#ifndef STORE_CLUSTER_H
#define STORE_CLUSTER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness/tap.h"
#include "pilot/cluster.h"
#include "pilot/database.h"
#include "pilot/memory.h"

static char test_dir[] = "/tmp/pilot-store-XXXXXX";
static pilot_cluster_t *test_cluster;

static inline int test_remove(const char *path, const struct stat *info, int type,
                              struct FTW *where)
{
    (void)info, (void)type, (void)where;
    return remove(path);
}

static inline void test_leave(void)
{
    pilot_cluster_close(test_cluster);
    test_cluster = NULL;
    nftw(test_dir, test_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* The folder, which PostgreSQL's user may pass through. */
static inline void test_make_dir(void)
{
    if (!mkdtemp(test_dir) || chmod(test_dir, 0711)) {
        puts("1..0 # SKIP no temporary folder");
        exit(0);
    }
}

/* A session with a cluster of its own; ends the test where there is no PostgreSQL. */
static inline pilot_db_t *test_session(void)
{
    pilot_error_t error = {0};
    pilot_db_t *db = NULL;
    test_make_dir();
    char *data PILOT_AUTOFREE = pilot_format("%s/data", test_dir);
    if (pilot_cluster_open(data, -1, &test_cluster, &error) ||
        pilot_db_open(pilot_cluster_conninfo(test_cluster), "test", &db, &error)) {
        printf("Bail out! %s\n", error.message);
        test_leave();
        exit(1);
    }
    return db;
}

#endif

/* Which PostgreSQL programs serve a private cluster. */
#include "cluster_private.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pilot/memory.h"

#define LEAST_MAJOR 15

/* Major version of the programs in a folder; 0 when initdb or postgres is not there. */
static int programs_version(const char *folder)
{
    char *initdb PILOT_AUTOFREE = pilot_format("%s/initdb", folder);
    char *postgres PILOT_AUTOFREE = pilot_format("%s/postgres", folder);
    if (access(initdb, X_OK) || access(postgres, X_OK))
        return 0;
    pilot_text_t output = PILOT_TEXT_INIT;
    const char *const argv[] = {postgres, "--version", NULL};
    int version = 0;
    if (pilot_cluster_read_command(argv, &output) && output.data) {
        const char *number = strstr(output.data, "PostgreSQL) ");
        if (number)
            version = (int)strtol(number + strlen("PostgreSQL) "), NULL, 10);
    }
    pilot_text_clear(&output);
    return version;
}

/* Keep the folder if it suits: the wanted version, or else the newest. */
static void consider(const char *folder, int wanted, char **best, int *best_version)
{
    int version = programs_version(folder);
    bool suits = wanted ? version == wanted : version >= LEAST_MAJOR && version > *best_version;
    if (!suits)
        return;
    free(*best);
    *best = pilot_strdup(folder);
    *best_version = version;
}

static void consider_pg_config(int wanted, char **best, int *best_version)
{
    static const char *const argv[] = {"/usr/bin/env", "pg_config", "--bindir", NULL};
    pilot_text_t output = PILOT_TEXT_INIT;
    if (pilot_cluster_read_command(argv, &output) && output.data) {
        output.data[strcspn(output.data, "\n")] = '\0';
        consider(output.data, wanted, best, best_version);
    }
    pilot_text_clear(&output);
}

static int data_version(const pilot_cluster_t *cluster)
{
    char *path PILOT_AUTOFREE = pilot_format("%s/PG_VERSION", cluster->data_dir);
    char text[16] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    return got > 0 ? (int)strtol(text, NULL, 10) : 0;
}

pilot_status_t pilot_cluster_find_programs(pilot_cluster_t *cluster, pilot_error_t *error)
{
    int wanted = data_version(cluster), found = 0;
    const char *given = getenv("PILOT_PG_BIN");
    char *best = NULL;
    if (given && *given) {
        consider(given, 0, &best, &found);
        if (!best)
            return pilot_error_set(error, PILOT_E_DATABASE,
                                   "$PILOT_PG_BIN has no initdb and postgres of version %d or "
                                   "later",
                                   LEAST_MAJOR);
    } else {
        glob_t folders = {0};
        glob("/usr/lib/postgresql/*/bin", 0, NULL, &folders);
        glob("/usr/pgsql-*/bin", GLOB_APPEND, NULL, &folders);
        for (size_t i = 0; i < folders.gl_pathc; i++)
            consider(folders.gl_pathv[i], wanted, &best, &found);
        globfree(&folders);
        if (!best)
            consider_pg_config(wanted, &best, &found);
    }
    if (wanted && found != wanted) {
        free(best);
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "'%.300s' holds data of PostgreSQL %d, whose programs are not "
                               "here; install PostgreSQL %d, or use another --dir",
                               cluster->dir, wanted, wanted);
    }
    if (!best)
        return pilot_error_set(error, PILOT_E_DATABASE,
                               "PostgreSQL %d or later is not installed; install it "
                               "(deploy/install-deps.sh), name its folder in $PILOT_PG_BIN, or "
                               "use a server with --db",
                               LEAST_MAJOR);
    free(cluster->bin_dir);
    cluster->bin_dir = best;
    return PILOT_OK;
}

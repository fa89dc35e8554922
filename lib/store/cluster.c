/* Who starts and stops the server of a private cluster.
 *
 * Every command that uses it holds `users` shared.  `change` is held, exclusively and briefly, by
 * the one that creates, starts or stops.  On leaving, whoever can take `users` exclusively is the
 * last and stops the server.  Locks die with their process, so a killed command leaves at worst a
 * running server, which the next one uses and stops. */
#include "cluster_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pilot/database.h"
#include "pilot/memory.h"
#include "pilot/migrate.h"

extern char **environ;

/* PG* variables are another server's business.  They go from the environment, so that the daemons
 * that we start do not see them either. */
static void forget_environment(void)
{
    for (char **entry = environ; entry && *entry;) {
        const char *equals = strchr(*entry, '=');
        if (strncmp(*entry, "PG", 2) != 0 || !equals) {
            entry++;
            continue;
        }
        char *name PILOT_AUTOFREE = pilot_strndup(*entry, (size_t)(equals - *entry));
        unsetenv(name);
        entry = environ;
    }
}

static pilot_status_t open_lock(const pilot_cluster_t *cluster, const char *name, int *ret_fd,
                                pilot_error_t *error)
{
    char *path PILOT_AUTOFREE = pilot_format("%s/%s", cluster->dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return pilot_error_set(error, PILOT_E_FILE, "cannot open '%.300s': %s", path,
                               strerror(errno));
    pilot_cluster_hand_over(cluster, path);
    *ret_fd = fd;
    return PILOT_OK;
}

static pilot_status_t lock_change(const pilot_cluster_t *cluster, pilot_error_t *error)
{
    while (flock(cluster->change_fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return pilot_error_set(error, PILOT_E_FILE, "cannot lock '%.300s': %s", cluster->dir,
                                   strerror(errno));
        pilot_status_t status = pilot_cluster_sleep(cluster, 20, error);
        if (status)
            return status;
    }
    return PILOT_OK;
}

static pilot_status_t prepare_schema(const pilot_cluster_t *cluster, pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_db_open(cluster->conninfo, "pilot", &db, error);
    if (status)
        return status;
    pilot_db_interrupt_fd(db, cluster->interrupt_fd);
    status = pilot_migrate(db, NULL, error);
    pilot_db_close(db);
    return status;
}

/* With `change` held: a running server with our schema. */
static pilot_status_t bring_up(pilot_cluster_t *cluster, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (flock(cluster->users_fd, LOCK_SH))
        return pilot_error_set(error, PILOT_E_FILE, "cannot lock '%.300s': %s", cluster->dir,
                               strerror(errno));
    char *version PILOT_AUTOFREE = pilot_format("%s/PG_VERSION", cluster->data_dir);
    if (!pilot_cluster_is_running(cluster)) {
        status = pilot_cluster_find_programs(cluster, error);
        if (!status && access(version, F_OK))
            status = pilot_cluster_create(cluster, error);
        if (!status)
            status = pilot_cluster_find_run_dir(cluster, error);
        if (!status)
            status = pilot_cluster_start(cluster, error);
    }
    return status ? status : prepare_schema(cluster, error);
}

/* Drop the shared lock; the last one out stops the server. */
static void leave(pilot_cluster_t *cluster)
{
    bool last = flock(cluster->users_fd, LOCK_EX | LOCK_NB) == 0;
    if (last && cluster->run_dir && !pilot_cluster_is_kept(cluster))
        pilot_cluster_stop(cluster);
}

static void free_cluster(pilot_cluster_t *cluster)
{
    if (cluster->users_fd >= 0)
        close(cluster->users_fd);
    if (cluster->change_fd >= 0)
        close(cluster->change_fd);
    free(cluster->dir);
    free(cluster->data_dir);
    free(cluster->run_dir);
    free(cluster->conninfo);
    free(cluster->bin_dir);
    free(cluster->server_user);
    free(cluster);
}

pilot_status_t pilot_cluster_open(const char *dir, int interrupt_fd, pilot_cluster_t **ret_cluster,
                                  pilot_error_t *error)
{
    forget_environment();
    pilot_cluster_t *cluster = PILOT_NEW(pilot_cluster_t);
    cluster->users_fd = cluster->change_fd = -1;
    cluster->interrupt_fd = interrupt_fd;
    bool locked = false;
    pilot_status_t status = pilot_cluster_find_dir(cluster, dir, error);
    if (!status)
        status = pilot_cluster_find_user(cluster, error);
    if (!status)
        status = open_lock(cluster, "users", &cluster->users_fd, error);
    if (!status)
        status = open_lock(cluster, "change", &cluster->change_fd, error);
    if (!status)
        status = lock_change(cluster, error);
    locked = !status;
    if (!status)
        status = bring_up(cluster, error);
    if (status) {
        if (locked)
            leave(cluster);
        free_cluster(cluster);
        return status;
    }
    flock(cluster->change_fd, LOCK_UN);
    *ret_cluster = cluster;
    return PILOT_OK;
}

void pilot_cluster_close(pilot_cluster_t *cluster)
{
    if (!cluster)
        return;
    /* A person who asked to stop has been heard; the server is still stopped properly. */
    cluster->interrupt_fd = -1;
    if (lock_change(cluster, NULL) == PILOT_OK)
        leave(cluster);
    free_cluster(cluster);
}

const char *pilot_cluster_conninfo(const pilot_cluster_t *cluster)
{
    return cluster->conninfo;
}

const char *pilot_cluster_run_dir(const pilot_cluster_t *cluster)
{
    return cluster->run_dir;
}

const char *pilot_cluster_dir(const pilot_cluster_t *cluster)
{
    return cluster->dir;
}

/* ---- kept servers ---------------------------------------------------------------------------- */

/* A restart of the machine ends what `pilot up` began. */
static char *read_boot(const char *path)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        ssize_t got = read(fd, text, sizeof text - 1);
        text[got > 0 ? got : 0] = '\0';
        close(fd);
    }
    return pilot_strdup(text);
}

bool pilot_cluster_is_kept(const pilot_cluster_t *cluster)
{
    char *path PILOT_AUTOFREE = pilot_format("%s/kept", cluster->dir);
    char *kept PILOT_AUTOFREE = read_boot(path);
    char *now PILOT_AUTOFREE = read_boot("/proc/sys/kernel/random/boot_id");
    return *kept && strcmp(kept, now) == 0;
}

pilot_status_t pilot_cluster_keep(pilot_cluster_t *cluster, bool keep, pilot_error_t *error)
{
    char *path PILOT_AUTOFREE = pilot_format("%s/kept", cluster->dir);
    bool good;
    if (keep) {
        char *boot PILOT_AUTOFREE = read_boot("/proc/sys/kernel/random/boot_id");
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        good = fd >= 0 && write(fd, boot, strlen(boot)) == (ssize_t)strlen(boot);
        if (fd >= 0)
            close(fd);
    } else {
        good = unlink(path) == 0 || errno == ENOENT;
    }
    return good ? PILOT_OK
                : pilot_error_set(error, PILOT_E_FILE, "cannot write '%.300s': %s", path,
                                  strerror(errno));
}

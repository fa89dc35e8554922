/* The folders of a private cluster: who owns them, who must be able to enter them. */
#include "cluster_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pilot/hash.h"
#include "pilot/memory.h"

/* PostgreSQL's own paths end at 1,024 bytes. */
#define LONGEST_DIR 900
#define LONGEST_RUN_DIR 80 /* "/coordinator-4194304.sock" still fits a socket address */

char *pilot_cluster_default_dir(void)
{
    if (geteuid() == 0)
        return pilot_strdup("/var/lib/pilot");
    const char *state = getenv("XDG_STATE_HOME");
    if (state && *state == '/')
        return pilot_format("%s/pilot", state);
    const char *home = getenv("HOME");
    if (!home || *home != '/') {
        const struct passwd *user = getpwuid(geteuid());
        home = user ? user->pw_dir : "/nonexistent";
    }
    return pilot_format("%s/.local/state/pilot", home);
}

static pilot_status_t cannot_use(const char *dir, const char *what, pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_FILE,
                           "the data directory '%.300s' cannot be used: %s; choose another "
                           "with --dir",
                           dir, what);
}

/* mkdir -p.  What root makes others may pass through, so that PostgreSQL's user gets in.
 * *ret_made: the last part was not there. */
static int make_folders(const char *path, bool *ret_made)
{
    char *partial PILOT_AUTOFREE = pilot_strdup(path);
    mode_t mode = geteuid() == 0 ? 0711 : 0700;
    for (char *slash = partial + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        char kept = *slash;
        *slash = '\0';
        struct stat found;
        *ret_made = mkdir(partial, mode) == 0;
        if (*ret_made && geteuid() == 0 && chmod(partial, mode)) /* whatever the umask */
            *ret_made = false;
        int failure = errno; /* EACCES or EROFS do not matter where the folder is there */
        if (!*ret_made && stat(partial, &found))
            return failure;
        if (!kept)
            return 0;
        *slash = kept;
    }
}

static bool is_known_entry(const char *name)
{
    static const char *const known[] = {".",   "..",    "postgresql", "postgresql.new",
                                        "log", "users", "change",     "kept"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

/* Ours if it holds a cluster of ours, or nothing that is not ours. */
static pilot_status_t check_contents(const pilot_cluster_t *cluster, pilot_error_t *error)
{
    char *version PILOT_AUTOFREE = pilot_format("%s/PG_VERSION", cluster->data_dir);
    struct stat found;
    if (lstat(cluster->data_dir, &found) == 0 && S_ISDIR(found.st_mode) &&
        (access(version, F_OK) == 0 || errno == EACCES))
        return PILOT_OK;
    DIR *listing = opendir(cluster->dir);
    if (!listing)
        return cannot_use(cluster->dir, strerror(errno), error);
    bool foreign = false;
    for (const struct dirent *entry; (entry = readdir(listing)) && !foreign;)
        foreign = !is_known_entry(entry->d_name);
    closedir(listing);
    return foreign
               ? cannot_use(cluster->dir, "it is not empty and not a directory of pilot's", error)
               : PILOT_OK;
}

pilot_status_t pilot_cluster_find_dir(pilot_cluster_t *cluster, const char *dir,
                                      pilot_error_t *error)
{
    if (!*dir)
        return cannot_use(dir, "its name is empty", error);
    if (strlen(dir) > LONGEST_DIR)
        return cannot_use(dir, "its path is longer than 900 bytes", error);
    if (strpbrk(dir, "\n\r"))
        return cannot_use(dir, "its name has a line break", error);
    int failure = make_folders(dir, &cluster->made_dir);
    if (failure)
        return cannot_use(dir, strerror(failure), error);
    char *real = realpath(dir, NULL);
    if (!real)
        return cannot_use(dir, strerror(errno), error);
    cluster->dir = pilot_strdup(real);
    free(real);
    cluster->data_dir = pilot_format("%s/postgresql", cluster->dir);
    struct stat found;
    if (stat(cluster->dir, &found))
        return cannot_use(dir, strerror(errno), error);
    if (!S_ISDIR(found.st_mode))
        return cannot_use(dir, "it is not a directory", error);
    if (strlen(cluster->dir) > LONGEST_DIR)
        return cannot_use(dir, "its path is longer than 900 bytes", error);
    if (access(cluster->dir, R_OK | W_OK | X_OK))
        return cannot_use(dir, strerror(errno), error);
    return check_contents(cluster, error);
}

/* ---- PostgreSQL's user ----------------------------------------------------------------------- */

/* Length of the first leading part of `path` that the user cannot enter; 0: all is well. */
static size_t first_closed_part(const char *path, const struct passwd *user)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC))
        return 0;
    pid_t child = fork();
    if (child == 0) {
        size_t closed = 0;
        if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid))
            _exit(1);
        char *partial = strdup(path);
        for (size_t i = 1; partial && !closed; i++) {
            char kept = path[i];
            if (kept != '/' && kept != '\0')
                continue;
            partial[i] = '\0';
            if (access(partial, X_OK))
                closed = i;
            partial[i] = kept;
            if (!kept)
                break;
        }
        _exit(write(pipes[1], &closed, sizeof closed) != sizeof closed);
    }
    close(pipes[1]);
    size_t closed = 0;
    if (child < 0 || read(pipes[0], &closed, sizeof closed) != sizeof closed)
        closed = 0;
    close(pipes[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return closed;
}

pilot_status_t pilot_cluster_find_user(pilot_cluster_t *cluster, pilot_error_t *error)
{
    struct stat found;
    bool exists = stat(cluster->data_dir, &found) == 0;
    if (exists && geteuid() != 0 && found.st_uid != geteuid())
        return cannot_use(cluster->dir, "its data belongs to another user", error);
    const struct passwd *user = geteuid() != 0                ? getpwuid(geteuid())
                                : exists && found.st_uid != 0 ? getpwuid(found.st_uid)
                                                              : getpwnam("postgres");
    if (!user)
        return pilot_error_set(error, PILOT_E_DATABASE,
                               geteuid() ? "your user id has no name in /etc/passwd, and "
                                           "PostgreSQL needs one"
                                         : "there is no user 'postgres' to run PostgreSQL as; "
                                           "install PostgreSQL (deploy/install-deps.sh)");
    cluster->server_uid = user->pw_uid;
    cluster->server_gid = user->pw_gid;
    cluster->server_user = pilot_strdup(user->pw_name);
    if (geteuid() != 0)
        return PILOT_OK;
    size_t closed = first_closed_part(cluster->dir, user);
    if (closed == 0)
        return PILOT_OK;
    if (cluster->made_dir)
        rmdir(cluster->dir);
    return pilot_error_set(error, PILOT_E_FILE,
                           "PostgreSQL runs as user '%s', who may not enter '%.*s'; choose "
                           "another --dir, or open it: chmod o+x '%.*s'",
                           cluster->server_user, (int)(closed < 300 ? closed : 300), cluster->dir,
                           (int)(closed < 300 ? closed : 300), cluster->dir);
}

void pilot_cluster_hand_over(const pilot_cluster_t *cluster, const char *path)
{
    struct stat found;
    if (geteuid() == 0 && stat(cluster->dir, &found) == 0 &&
        lchown(path, found.st_uid, found.st_gid))
        errno = 0; /* then it stays root's */
}

/* ---- sockets --------------------------------------------------------------------------------- */

pilot_status_t pilot_cluster_make_folder(const char *path, uid_t uid, gid_t gid,
                                         pilot_error_t *error)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        return cannot_use(path, strerror(errno), error);
    struct stat found;
    if (lstat(path, &found))
        return cannot_use(path, strerror(errno), error);
    /* Made by root a moment ago, or before a crash: hand it over. */
    if (S_ISDIR(found.st_mode) && geteuid() == 0 && found.st_uid == 0 && uid != 0 &&
        lchown(path, uid, gid) == 0)
        found.st_uid = uid;
    if (!S_ISDIR(found.st_mode) || found.st_uid != uid)
        return pilot_error_set(error, PILOT_E_FILE, "'%.300s' belongs to somebody else; remove it",
                               path);
    if ((found.st_mode & 0777) != 0700 && chmod(path, 0700))
        return cannot_use(path, strerror(errno), error);
    return PILOT_OK;
}

pilot_status_t pilot_cluster_find_run_dir(pilot_cluster_t *cluster, pilot_error_t *error)
{
    uint8_t digest[PILOT_SHA256_SIZE];
    char hex[17];
    pilot_sha256_of(cluster->dir, strlen(cluster->dir), digest);
    pilot_hex(digest, 8, hex);
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat found;
    /* As root, PostgreSQL's user could not pass through root's runtime folder. */
    bool usable = geteuid() != 0 && runtime && *runtime == '/' && stat(runtime, &found) == 0 &&
                  S_ISDIR(found.st_mode) && found.st_uid == geteuid() &&
                  access(runtime, W_OK | X_OK) == 0 && !strpbrk(runtime, ",\"'\\") &&
                  strlen(runtime) + strlen("/pilot-") + strlen(hex) <= LONGEST_RUN_DIR;
    free(cluster->run_dir);
    cluster->run_dir = usable ? pilot_format("%s/pilot-%s", runtime, hex)
                              : pilot_format("/tmp/pilot-%u-%s", (unsigned)geteuid(), hex);
    return pilot_cluster_make_folder(cluster->run_dir, cluster->server_uid, cluster->server_gid,
                                     error);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info, (void)type, (void)where;
    return remove(path);
}

void pilot_cluster_remove_tree(const char *path)
{
    /* What a killed initdb had started may write on for a moment. */
    struct stat found;
    for (int tries = 0; tries < 100 && lstat(path, &found) == 0; tries++) {
        if (tries > 0)
            usleep(20000);
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    }
}

/* The PostgreSQL server of a private cluster: create, start, stop. */
#include "cluster_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pilot/clock.h"
#include "pilot/database.h"
#include "pilot/memory.h"

#define START_PATIENCE_MS (600 * 1000) /* recovery after a crash may take its time */
#define STOP_PATIENCE_MS (120 * 1000)
#define LARGEST_LOG (8 << 20)
#define LEAST_SPACE (1 << 20)

/* Appended to postgresql.conf when a cluster is made; an operator may change them there.
 * wal_level minimal: COPY into a table of the same transaction is synced, not logged. */
static const char settings[] =
    "\n# ---- pilot ----\n"
    "wal_level = minimal\n"
    "max_wal_senders = 0\n"
    "archive_mode = off\n"
    "max_connections = 200\n"
    "shared_buffers = 256MB\n"
    "work_mem = 32MB\n"
    "maintenance_work_mem = 256MB\n"
    "max_parallel_workers_per_gather = 2\n"
    "max_parallel_maintenance_workers = 2\n"
    "max_wal_size = 2GB\n"
    "checkpoint_timeout = 15min\n"
    "jit = off\n"
    "# Shared hash tables would outgrow the 64 MB of /dev/shm in a container.\n"
    "enable_parallel_hash = off\n"
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "log_line_prefix = '%m [%p] '\n"
    "# Statements and details can quote people's data.\n"
    "log_error_verbosity = terse\n"
    "log_min_error_statement = panic\n";

/* ---- log ------------------------------------------------------------------------------------- */

static int open_log(const pilot_cluster_t *cluster)
{
    char *folder PILOT_AUTOFREE = pilot_format("%s/log", cluster->dir);
    char *path PILOT_AUTOFREE = pilot_format("%s/postgresql.log", folder);
    mkdir(folder, 0700);
    struct stat found;
    if (stat(path, &found) == 0 && found.st_size > LARGEST_LOG) {
        char *old PILOT_AUTOFREE = pilot_format("%s.1", path);
        rename(path, old);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    pilot_cluster_hand_over(cluster, folder);
    pilot_cluster_hand_over(cluster, path);
    return fd;
}

/* The last complaint that was logged after `from`, without its time stamp; never NULL. */
static char *last_complaint(int log_fd, off_t from)
{
    static const char *const marks[] = {"FATAL:  ", "PANIC:  ", "ERROR:  ", "error: "};
    char bytes[8192];
    off_t end = lseek(log_fd, 0, SEEK_END);
    off_t start = end - from > (off_t)sizeof bytes - 1 ? end - (off_t)sizeof bytes + 1 : from;
    ssize_t got = pread(log_fd, bytes, sizeof bytes - 1, start);
    bytes[got > 0 ? got : 0] = '\0';
    /* Whatever else failed because of it; on a full disk the log may not say so itself. */
    struct statvfs disk;
    bool full = fstatvfs(log_fd, &disk) == 0 && disk.f_bavail * disk.f_frsize < LEAST_SPACE;
    if (full || strstr(bytes, strerror(ENOSPC)))
        return pilot_format("the disk is full (%s)", strerror(ENOSPC));
    const char *best = NULL;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        for (const char *at = bytes; (at = strstr(at, marks[i]));) {
            at += strlen(marks[i]);
            best = !best || at > best ? at : best;
        }
    return best ? pilot_strndup(best, strcspn(best, "\n")) : pilot_strdup("no reason given");
}

/* ---- create ---------------------------------------------------------------------------------- */

static pilot_status_t run_program(pilot_cluster_t *cluster, const char *const *argv, int input_fd,
                                  const char *what, pilot_error_t *error)
{
    int log_fd = open_log(cluster);
    if (log_fd < 0)
        return pilot_error_set(error, PILOT_E_FILE, "cannot write '%.300s/log': %s", cluster->dir,
                               strerror(errno));
    off_t before = lseek(log_fd, 0, SEEK_END);
    int exit_status = 1;
    pid_t child = pilot_cluster_spawn(cluster, argv, input_fd, log_fd, true);
    pilot_status_t status = PILOT_OK;
    if (child)
        status = pilot_cluster_wait(cluster, child, &exit_status, error);
    if (!status && exit_status != 0) {
        char *complaint PILOT_AUTOFREE = last_complaint(log_fd, before);
        status = pilot_error_set(error, PILOT_E_DATABASE,
                                 "cannot create the database in '%.300s': %s: %s", cluster->dir,
                                 what, complaint);
    }
    close(log_fd);
    return status;
}

static pilot_status_t write_file(const char *path, int flags, const char *text,
                                 pilot_error_t *error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    size_t length = strlen(text);
    bool good = fd >= 0 && write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    int failure = errno;
    if (fd >= 0)
        close(fd);
    return good ? PILOT_OK
                : pilot_error_set(error, PILOT_E_FILE, "cannot write '%.300s': %s", path,
                                  strerror(failure));
}

/* Who may connect: root and the server's user, both as the owner role; sockets only. */
static pilot_status_t configure(const pilot_cluster_t *cluster, const char *data,
                                pilot_error_t *error)
{
    char *main_path PILOT_AUTOFREE = pilot_format("%s/postgresql.conf", data);
    char *hba_path PILOT_AUTOFREE = pilot_format("%s/pg_hba.conf", data);
    char *ident_path PILOT_AUTOFREE = pilot_format("%s/pg_ident.conf", data);
    char *ident PILOT_AUTOFREE =
        pilot_format("pilot root pilot\npilot \"%s\" pilot\n", cluster->server_user);
    pilot_status_t status = write_file(main_path, O_APPEND, settings, error);
    if (!status)
        status = write_file(hba_path, O_TRUNC, "local all all peer map=pilot\n", error);
    return status ? status : write_file(ident_path, O_TRUNC, ident, error);
}

static pilot_status_t create_database(pilot_cluster_t *cluster, const char *data,
                                      pilot_error_t *error)
{
    static const char command[] = "CREATE DATABASE pilot;\n";
    char *postgres PILOT_AUTOFREE = pilot_format("%s/postgres", cluster->bin_dir);
    const char *const argv[] = {postgres, "--single", "-D", data, "postgres", NULL};
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC))
        return pilot_error_set(error, PILOT_E_FILE, "cannot make a pipe: %s", strerror(errno));
    bool sent = write(pipes[1], command, sizeof command - 1) == (ssize_t)sizeof command - 1;
    close(pipes[1]);
    pilot_status_t status = sent ? run_program(cluster, argv, pipes[0], "postgres", error)
                                 : pilot_error_set(error, PILOT_E_BUG, "a pipe took nothing");
    close(pipes[0]);
    return status;
}

static pilot_status_t create_in(pilot_cluster_t *cluster, const char *data, pilot_error_t *error)
{
    char *initdb PILOT_AUTOFREE = pilot_format("%s/initdb", cluster->bin_dir);
    const char *const argv[] = {initdb,
                                "-D",
                                data,
                                "-U",
                                "pilot",
                                "--locale=C",
                                "-A",
                                "peer",
                                "--encoding=UTF8",
                                "--no-instructions",
                                "--no-clean",
                                NULL};
    pilot_status_t status =
        pilot_cluster_make_folder(data, cluster->server_uid, cluster->server_gid, error);
    if (!status)
        status = run_program(cluster, argv, -1, "initdb", error);
    if (!status)
        status = configure(cluster, data, error);
    return status ? status : create_database(cluster, data, error);
}

pilot_status_t pilot_cluster_create(pilot_cluster_t *cluster, pilot_error_t *error)
{
    char *fresh PILOT_AUTOFREE = pilot_format("%s.new", cluster->data_dir);
    pilot_cluster_remove_tree(fresh);
    pilot_status_t status = create_in(cluster, fresh, error);
    if (!status && rename(fresh, cluster->data_dir))
        status = pilot_error_set(error, PILOT_E_FILE, "cannot create '%.300s': %s",
                                 cluster->data_dir, strerror(errno));
    if (status) {
        pilot_cluster_remove_tree(fresh);
        return status;
    }
    int folder = open(cluster->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
    return PILOT_OK;
}

/* ---- run ------------------------------------------------------------------------------------- */

void pilot_cluster_set_conninfo(pilot_cluster_t *cluster)
{
    free(cluster->conninfo);
    /* Everything that matters is given, so that nothing else can act; the server must be run by
     * the user we think. */
    cluster->conninfo = pilot_format(
        "host='%s' hostaddr='' port=" PILOT_CLUSTER_PORT " user=pilot dbname=pilot password='' "
        "options='' sslmode=disable gssencmode=disable target_session_attrs=any "
        "requirepeer='%s' connect_timeout=15",
        cluster->run_dir, cluster->server_user);
}

typedef struct pid_file {
    pid_t pid;
    char socket_dir[256];
} pid_file_t;

/* postmaster.pid: pid, data directory, start time, port, socket folder, ... one a line. */
static bool read_pid_file(const pilot_cluster_t *cluster, pid_file_t *ret_file)
{
    char *path PILOT_AUTOFREE = pilot_format("%s/postmaster.pid", cluster->data_dir);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    *ret_file = (pid_file_t){0};
    char line[1200];
    for (int i = 0; i < 5 && fgets(line, sizeof line, file); i++) {
        line[strcspn(line, "\n")] = '\0';
        if (i == 0)
            ret_file->pid = (pid_t)strtol(line, NULL, 10);
        if (i == 4 && strlen(line) < sizeof ret_file->socket_dir)
            memcpy(ret_file->socket_dir, line, strlen(line) + 1);
    }
    fclose(file);
    return ret_file->pid > 0;
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0 || errno == EPERM;
}

static bool answers(const pilot_cluster_t *cluster)
{
    pilot_db_t *db = NULL;
    bool good = pilot_db_open(cluster->conninfo, "pilot", &db, NULL) == PILOT_OK;
    pilot_db_close(db);
    return good;
}

bool pilot_cluster_is_running(pilot_cluster_t *cluster)
{
    pid_file_t file;
    if (!read_pid_file(cluster, &file) || !is_alive(file.pid) || file.socket_dir[0] != '/')
        return false;
    struct stat found;
    if (stat(file.socket_dir, &found) || !S_ISDIR(found.st_mode) ||
        found.st_uid != cluster->server_uid)
        return false;
    char *own = cluster->run_dir;
    cluster->run_dir = pilot_strdup(file.socket_dir);
    pilot_cluster_set_conninfo(cluster);
    if (answers(cluster)) {
        free(own);
        cluster->is_up = true;
        return true;
    }
    free(cluster->run_dir);
    cluster->run_dir = own;
    pilot_cluster_set_conninfo(cluster);
    return false;
}

/* A server whose directory was removed under it would stay for up to a minute and hold the socket:
 * end it.  It has nothing left to write to. */
static void end_orphan(const pilot_cluster_t *cluster)
{
    char *path PILOT_AUTOFREE =
        pilot_format("%s/.s.PGSQL." PILOT_CLUSTER_PORT ".lock", cluster->run_dir);
    char *removed PILOT_AUTOFREE = pilot_format("%s (deleted)", cluster->data_dir);
    char line[32] = "", target[1200] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    pid_t pid = fgets(line, sizeof line, file) ? (pid_t)strtol(line, NULL, 10) : 0;
    fclose(file);
    char *link PILOT_AUTOFREE = pilot_format("/proc/%d/cwd", (int)pid);
    ssize_t length = pid > 0 ? readlink(link, target, sizeof target - 1) : -1;
    target[length > 0 ? length : 0] = '\0';
    if (strcmp(target, removed) != 0 || kill(pid, SIGQUIT))
        return;
    for (int tries = 0; tries < 500 && is_alive(pid); tries++)
        usleep(10000);
}

static pid_t spawn_server(pilot_cluster_t *cluster, int log_fd)
{
    char *postgres PILOT_AUTOFREE = pilot_format("%s/postgres", cluster->bin_dir);
    char *sockets PILOT_AUTOFREE = pilot_format("unix_socket_directories=%s", cluster->run_dir);
    const char *const argv[] = {postgres,
                                "-D",
                                cluster->data_dir,
                                "-p",
                                PILOT_CLUSTER_PORT,
                                "-c",
                                "listen_addresses=",
                                "-c",
                                sockets,
                                "-c",
                                "unix_socket_permissions=0700",
                                "-c",
                                "logging_collector=off",
                                NULL};
    return pilot_cluster_spawn(cluster, argv, -1, log_fd, false);
}

/* Wait until the server answers.  *ret_again: it ended because another one, on its way out, still
 * holds the data. */
static pilot_status_t wait_for_server(pilot_cluster_t *cluster, int log_fd, off_t log_start,
                                      bool *ret_again, pilot_error_t *error)
{
    int64_t deadline = pilot_clock_ms() + START_PATIENCE_MS;
    *ret_again = false;
    for (int pause = 5;; pause = pause < 100 ? pause * 2 : 100) {
        char *socket PILOT_AUTOFREE =
            pilot_format("%s/.s.PGSQL." PILOT_CLUSTER_PORT, cluster->run_dir);
        if (access(socket, F_OK) == 0 && answers(cluster))
            return PILOT_OK;
        if (waitpid(cluster->server_child, NULL, WNOHANG) == cluster->server_child) {
            pid_file_t file;
            cluster->server_child = 0;
            *ret_again = read_pid_file(cluster, &file) && is_alive(file.pid);
            char *complaint PILOT_AUTOFREE = last_complaint(log_fd, log_start);
            return pilot_error_set(error, PILOT_E_DATABASE,
                                   "PostgreSQL does not start in '%.300s': %s (see log/"
                                   "postgresql.log there)",
                                   cluster->dir, complaint);
        }
        pilot_status_t status = pilot_cluster_sleep(cluster, pause, error);
        if (status)
            return status;
        if (pilot_clock_ms() > deadline)
            return pilot_error_set(error, PILOT_E_DATABASE,
                                   "PostgreSQL in '%.300s' does not answer (see log/"
                                   "postgresql.log there)",
                                   cluster->dir);
    }
}

pilot_status_t pilot_cluster_start(pilot_cluster_t *cluster, pilot_error_t *error)
{
    pilot_cluster_set_conninfo(cluster);
    int log_fd = open_log(cluster);
    if (log_fd < 0)
        return pilot_error_set(error, PILOT_E_FILE, "cannot write '%.300s/log': %s", cluster->dir,
                               strerror(errno));
    end_orphan(cluster);
    int64_t deadline = pilot_clock_ms() + STOP_PATIENCE_MS;
    pilot_status_t status;
    for (;;) {
        off_t log_start = lseek(log_fd, 0, SEEK_END);
        bool again = false;
        cluster->server_child = spawn_server(cluster, log_fd);
        if (!cluster->server_child) {
            status = pilot_error_set(error, PILOT_E_DATABASE, "cannot start a process: %s",
                                     strerror(errno));
            break;
        }
        status = wait_for_server(cluster, log_fd, log_start, &again, error);
        if (!again || pilot_clock_ms() > deadline)
            break;
        if (pilot_cluster_is_running(cluster)) {
            status = PILOT_OK;
            break;
        }
        if (pilot_cluster_sleep(cluster, 100, error)) {
            status = PILOT_E_INTERRUPTED;
            break;
        }
    }
    close(log_fd);
    cluster->is_up = !status;
    return status;
}

/* Killed daemons leave their sockets; nobody is using them any more. */
static void remove_sockets(const char *run_dir)
{
    DIR *listing = opendir(run_dir);
    for (const struct dirent *entry; listing && (entry = readdir(listing));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && strcmp(dot, ".sock") == 0)
            unlinkat(dirfd(listing), entry->d_name, 0);
    }
    if (listing)
        closedir(listing);
    rmdir(run_dir);
}

void pilot_cluster_stop(pilot_cluster_t *cluster)
{
    /* A pid file alone may be stale, its number another process's. */
    pid_file_t file;
    pid_t pid = cluster->server_child;
    if (!pid && cluster->is_up && read_pid_file(cluster, &file))
        pid = file.pid;
    if (pid <= 0 || kill(pid, SIGINT))
        return;
    int64_t deadline = pilot_clock_ms() + STOP_PATIENCE_MS;
    while (pilot_clock_ms() < deadline) {
        pid_t ended = waitpid(pid, NULL, WNOHANG); /* -1: not a child of this process */
        if (ended == pid || (ended < 0 && (!is_alive(pid) || !read_pid_file(cluster, &file))))
            break;
        usleep(5000);
    }
    cluster->server_child = 0;
    cluster->is_up = false;
    remove_sockets(cluster->run_dir);
}

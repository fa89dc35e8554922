/* The private cluster: made, shared, kept, left; killed users; folders that cannot be used. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

#include "pilot/clock.h"
#include "store_cluster.h"

static pilot_error_t error;
static char *data;

static pid_t server_pid(void)
{
    char *path PILOT_AUTOFREE = pilot_format("%s/postgresql/postmaster.pid", data);
    FILE *file = fopen(path, "r");
    char line[32] = "";
    if (file && !fgets(line, sizeof line, file))
        line[0] = '\0';
    if (file)
        fclose(file);
    return (pid_t)strtol(line, NULL, 10);
}

static bool is_running(pid_t pid)
{
    char *path PILOT_AUTOFREE = pilot_format("/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    char line[256] = "";
    if (file && !fgets(line, sizeof line, file))
        line[0] = '\0';
    if (file)
        fclose(file);
    const char *name_end = strrchr(line, ')');
    return name_end && name_end[2] != 'Z' && name_end[2] != 'X';
}

/* Ended, or about to; nobody may have fetched its exit status yet. */
static bool has_ended(pid_t pid)
{
    for (int tries = 0; tries < 200 && is_running(pid); tries++)
        usleep(10000);
    return !is_running(pid);
}

static bool works(const pilot_cluster_t *cluster)
{
    pilot_db_t *db = NULL;
    bool good = pilot_db_open(pilot_cluster_conninfo(cluster), "test", &db, &error) == PILOT_OK &&
                pilot_db_check_schema(db, &error) == PILOT_OK;
    pilot_db_close(db);
    return good;
}

static void check_life(void)
{
    pilot_cluster_t *cluster = NULL;
    ok(pilot_cluster_open(data, -1, &cluster, &error) == PILOT_OK, "a cluster is made");
    ok(works(cluster), "its schema is there");
    pid_t first = server_pid();
    ok(first > 0 && is_running(first), "its server runs");
    ok(getsid(first) != getsid(0), "in a session of its own: no Ctrl-C reaches it");
    struct stat run = {0};
    ok(stat(pilot_cluster_run_dir(cluster), &run) == 0 && (run.st_mode & 0777) == 0700,
       "its sockets are in a folder that others may not enter");
    ok(strncmp(pilot_cluster_run_dir(cluster), test_dir, strlen(test_dir)) != 0,
       "which is not below the data");
    char *run_dir PILOT_AUTOFREE = pilot_strdup(pilot_cluster_run_dir(cluster));
    pilot_cluster_t *second = NULL;
    ok(pilot_cluster_open(data, -1, &second, &error) == PILOT_OK && works(second),
       "a second user joins");
    ok(server_pid() == first, "the same server");
    pilot_cluster_close(cluster);
    ok(works(second), "the server stays for the second when the first leaves");
    pilot_cluster_close(second);
    ok(has_ended(first) && server_pid() == 0, "the last one out stops it");
    ok(access(run_dir, F_OK) != 0, "and takes the sockets' folder away");
    pilot_cluster_close(NULL);
}

static void check_environment(void)
{
    static const char *const variables[] = {
        "PGHOST",    "PGPORT", "PGDATABASE", "PGUSER",     "PGSERVICE",  "PGOPTIONS",
        "PGSSLMODE", "PGDATA", "PGTZ",       "PGPASSWORD", "PGPASSFILE", "PGTARGETSESSIONATTRS"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        setenv(variables[i], "nonsense", 1);
    pilot_cluster_t *cluster = NULL;
    ok(pilot_cluster_open(data, -1, &cluster, &error) == PILOT_OK && works(cluster),
       "PG* variables do not matter");
    pilot_cluster_close(cluster);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
}

/* A child that uses the cluster until it is killed. */
static pid_t start_user(void)
{
    int pipes[2];
    char byte = 0;
    if (pipe2(pipes, O_CLOEXEC))
        return 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pilot_cluster_t *cluster = NULL;
        if (pilot_cluster_open(data, -1, &cluster, NULL) || write(pipes[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(1);
    }
    close(pipes[1]);
    bool ready = read(pipes[0], &byte, 1) == 1;
    close(pipes[0]);
    return ready ? child : 0;
}

static void check_killed_users(void)
{
    pid_t user = start_user();
    pid_t server = server_pid();
    ok(user > 0 && server > 0, "somebody uses the cluster");
    kill(user, SIGKILL);
    waitpid(user, NULL, 0);
    ok(is_running(server), "killed, it leaves the server");
    pilot_cluster_t *cluster = NULL;
    ok(pilot_cluster_open(data, -1, &cluster, &error) == PILOT_OK && works(cluster),
       "the next one uses it");
    ok(server_pid() == server, "as it is");
    pilot_cluster_close(cluster);
    ok(has_ended(server), "and stops it");

    ok(pilot_cluster_open(data, -1, &cluster, &error) == PILOT_OK, "another user");
    server = server_pid();
    kill(server, SIGKILL);
    pilot_cluster_close(cluster);
    ok(pilot_cluster_open(data, -1, &cluster, &error) == PILOT_OK && works(cluster),
       "a server that was killed is started again");
    pilot_cluster_close(cluster);
}

static void check_keeping(void)
{
    pilot_cluster_t *cluster = NULL;
    ok(pilot_cluster_open(data, -1, &cluster, &error) == PILOT_OK, "opened");
    ok(!pilot_cluster_is_kept(cluster), "a cluster is not kept");
    ok(pilot_cluster_keep(cluster, true, &error) == PILOT_OK && pilot_cluster_is_kept(cluster),
       "until it is told to be");
    pid_t server = server_pid();
    pilot_cluster_close(cluster);
    ok(is_running(server), "then the last one out leaves it running");
    ok(pilot_cluster_open(data, -1, &cluster, &error) == PILOT_OK && server_pid() == server,
       "for the next one");
    ok(pilot_cluster_keep(cluster, false, &error) == PILOT_OK && !pilot_cluster_is_kept(cluster),
       "it can be let go");
    pilot_cluster_close(cluster);
    ok(has_ended(server), "then it is stopped");
    char *path PILOT_AUTOFREE = pilot_format("%s/kept", data);
    FILE *file = fopen(path, "w");
    ok(file && fputs("00000000-0000-0000-0000-000000000000\n", file) >= 0 && fclose(file) == 0,
       "a mark of another boot of the machine");
    ok(pilot_cluster_open(data, -1, &cluster, &error) == PILOT_OK &&
           !pilot_cluster_is_kept(cluster),
       "keeps nothing");
    pilot_cluster_close(cluster);
}

/* Many processes come and go at once: each finds a server that works. */
static void check_crowd(void)
{
    enum { crowd = 6 };
    pid_t child[crowd];
    fflush(stdout);
    for (int i = 0; i < crowd; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            for (int round = 0; round < 3; round++) {
                pilot_cluster_t *cluster = NULL;
                if (pilot_cluster_open(data, -1, &cluster, NULL) || !works(cluster))
                    _exit(1);
                pilot_cluster_close(cluster);
            }
            _exit(0);
        }
    }
    int good = 0;
    for (int i = 0; i < crowd; i++) {
        int state = -1;
        good += waitpid(child[i], &state, 0) == child[i] && state == 0;
    }
    ok(good == crowd, "a crowd of commands on one directory works");
    ok(server_pid() == 0, "and leaves no server");
}

static void refuses(const char *dir, pilot_status_t status, const char *part, const char *name)
{
    pilot_cluster_t *cluster = (pilot_cluster_t *)&error;
    error = (pilot_error_t){0};
    ok(pilot_cluster_open(dir, -1, &cluster, &error) == status, "%s is refused", name);
    ok(strstr(error.message, part) != NULL, "%s: the message says why", name);
    if (!strstr(error.message, part))
        printf("# %s\n", error.message);
    ok(cluster == (pilot_cluster_t *)&error, "%s: nothing is returned", name);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(text, file);
        fclose(file);
    }
}

static void check_folders(void)
{
    char *foreign PILOT_AUTOFREE = pilot_format("%s/foreign", test_dir);
    char *note PILOT_AUTOFREE = pilot_format("%s/note.txt", foreign);
    char *below_file PILOT_AUTOFREE = pilot_format("%s/below", note);
    mkdir(foreign, 0755);
    write_text(note, "mine");
    refuses(foreign, PILOT_E_FILE, "not empty and not a directory of pilot's", "somebody's folder");
    struct stat found;
    char *lock PILOT_AUTOFREE = pilot_format("%s/users", foreign);
    ok(stat(lock, &found) != 0, "it is left as it was");
    refuses(note, PILOT_E_FILE, "not a directory", "a file");
    refuses(below_file, PILOT_E_FILE, "Not a directory", "a path below a file");
    refuses("", PILOT_E_FILE, "its name is empty", "an empty name");
    refuses("/proc/none", PILOT_E_FILE, "cannot be used", "a place where nothing can be made");
    char *long_name PILOT_AUTOFREE = pilot_alloc(1200, 1);
    memset(long_name, 'x', 1100);
    memcpy(long_name, "/tmp/", 5);
    refuses(long_name, PILOT_E_FILE, "longer than 900 bytes", "a very long path");

    char *deep PILOT_AUTOFREE = pilot_format("%s/%0200d/%0200d/a b'c\"d/Ünï", test_dir, 1, 2);
    pilot_cluster_t *cluster = NULL;
    ok(pilot_cluster_open(deep, -1, &cluster, &error) == PILOT_OK && works(cluster),
       "a long path with blanks and quotes works");
    pilot_cluster_close(cluster);

    char *closed PILOT_AUTOFREE = pilot_format("%s/closed", test_dir);
    char *inside PILOT_AUTOFREE = pilot_format("%s/data", closed);
    mkdir(closed, 0700);
    if (geteuid() == 0) {
        refuses(inside, PILOT_E_FILE, "chmod o+x", "a folder that PostgreSQL's user cannot enter");
        ok(access(inside, F_OK) != 0, "no folder is left there");
    } else {
        chmod(closed, 0500);
        refuses(inside, PILOT_E_FILE, "Permission denied", "a folder that may not be written");
    }
    char *version PILOT_AUTOFREE = pilot_format("%s/postgresql/PG_VERSION", data);
    write_text(version, "9\n");
    refuses(data, PILOT_E_SCHEMA, "holds data of PostgreSQL 9", "another major version");
    setenv("PILOT_PG_BIN", "/nonexistent", 1);
    refuses(data, PILOT_E_DATABASE, "$PILOT_PG_BIN has no initdb", "a folder without PostgreSQL");
    unsetenv("PILOT_PG_BIN");
}

static void check_interrupted_start(void)
{
    char *fresh PILOT_AUTOFREE = pilot_format("%s/fresh", test_dir);
    char *half PILOT_AUTOFREE = pilot_format("%s/postgresql", fresh);
    int pipes[2];
    pilot_cluster_t *cluster = NULL;
    ok(pipe2(pipes, O_CLOEXEC) == 0 && write(pipes[1], "x", 1) == 1, "a person wants out");
    ok(pilot_cluster_open(fresh, pipes[0], &cluster, &error) == PILOT_E_INTERRUPTED,
       "while a cluster is made");
    ok(access(half, F_OK) != 0, "nothing half-made is left");
    ok(pilot_cluster_open(fresh, -1, &cluster, &error) == PILOT_OK && works(cluster),
       "the next command makes it");
    pilot_cluster_close(cluster);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    test_make_dir();
    data = pilot_format("%s/data", test_dir);
    char *standard PILOT_AUTOFREE = pilot_cluster_default_dir();
    ok(standard[0] == '/' && strlen(standard) > 6, "there is a default directory");
    check_life();
    check_environment();
    check_killed_users();
    check_keeping();
    check_crowd();
    check_interrupted_start();
    check_folders();
    free(data);
    test_leave();
    return tap_done();
}

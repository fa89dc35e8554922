#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pilot/conninfo.h"
#include "pilot/memory.h"
#include "pilot/signals.h"

/* Where the child finds the database's secrets. */
#define SECRET_FD 3
#define SECRET_FD_TEXT "3"

/* What become() needs, made before the fork. */
typedef struct birth {
    const pilot_spawn_t *spawn;
    char *path, **argv;
    char *conninfo; /* without secrets */
    int secret_fd;
    pid_t parent;
} birth_t;

/* The program beside this one; caller frees. */
static char *program_path(const char *program)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return pilot_strdup(program);
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    return pilot_format("%s/%s", self, program);
}

/* In the child: never returns.  Only calls that are safe after fork in a process of one thread. */
_Noreturn static void become(const birth_t *birth)
{
    const pilot_spawn_t *spawn = birth->spawn;
    pilot_signals_restore();
    if (spawn->background) {
        if (setsid() < 0)
            _exit(126);
    } else {
        /* Out of the terminal's foreground group: Ctrl-C is for the parent to handle, in order. */
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != birth->parent)
            _exit(126);
    }
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(spawn->log_fd, STDOUT_FILENO) < 0 ||
        dup2(spawn->log_fd, STDERR_FILENO) < 0)
        _exit(126);
    if (birth->secret_fd == SECRET_FD ? fcntl(SECRET_FD, F_SETFD, 0) < 0
                                      : dup2(birth->secret_fd, SECRET_FD) < 0)
        _exit(126);
    /* Nothing else of the parent's is the child's: not the lock of the cluster either. */
    close_range(SECRET_FD + 1, ~0U, 0);
    if (spawn->background && chdir("/") != 0)
        _exit(126);
    /* The environment of a process can be read: no secret may stand there. */
    setenv("PILOT_DB", birth->conninfo, 1);
    setenv(PILOT_CONNINFO_SECRET_FD, SECRET_FD_TEXT, 1);
    unsetenv("PGPASSWORD");
    unsetenv("PILOT_DIR");
    execv(birth->path, birth->argv);
    dprintf(STDERR_FILENO, "cannot run %s\n", birth->path);
    _exit(127);
}

pilot_status_t pilot_spawn(const pilot_spawn_t *spawn, pid_t *ret_pid, pilot_error_t *error)
{
    char *path PILOT_AUTOFREE = program_path(spawn->program);
    if (access(path, X_OK) != 0)
        return pilot_error_set(error, PILOT_E_COORDINATOR,
                               "cannot run %s: %s; it must stand beside `pilot`", path,
                               strerror(errno));
    size_t count = 0;
    while (spawn->argument[count])
        count++;
    char **argv PILOT_AUTOFREE = PILOT_NEW_ARRAY(char *, count + 2);
    argv[0] = path;
    for (size_t i = 0; i < count; i++)
        argv[i + 1] = (char *)spawn->argument[i];
    birth_t birth = {.spawn = spawn, .path = path, .argv = argv, .parent = getpid()};
    pilot_status_t status =
        pilot_conninfo_hand_over(spawn->conninfo, &birth.secret_fd, &birth.conninfo, error);
    if (status)
        return status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(&birth);
    int failure = errno;
    close(birth.secret_fd);
    free(birth.conninfo);
    if (pid < 0)
        return pilot_error_set(error, PILOT_E_COORDINATOR, "cannot start %s: %s", spawn->program,
                               strerror(failure));
    *ret_pid = pid;
    return PILOT_OK;
}

uint64_t pilot_spawn_started_at(pid_t pid)
{
    char *path PILOT_AUTOFREE = pilot_format("/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    char line[1024];
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    /* Field 2 is the name in parentheses and may hold anything; 3 is the state, 22 the start. */
    char *rest = strrchr(line, ')');
    if (!rest || rest[1] != ' ' || rest[2] == 'Z')
        return 0;
    for (int field = 2; field < 22 && rest; field++)
        rest = strchr(rest + 1, ' ');
    return rest ? strtoull(rest, NULL, 10) : 0;
}

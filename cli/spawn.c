#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pilot/memory.h"
#include "pilot/signals.h"

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
_Noreturn static void become(const pilot_spawn_t *spawn, char *path, char **argv, pid_t parent)
{
    pilot_signals_restore();
    if (spawn->background) {
        if (setsid() < 0)
            _exit(126);
    } else {
        /* Out of the terminal's foreground group: Ctrl-C is for the parent to handle, in order. */
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(126);
    }
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(spawn->log_fd, STDOUT_FILENO) < 0 ||
        dup2(spawn->log_fd, STDERR_FILENO) < 0)
        _exit(126);
    /* Nothing else of the parent's is the child's: not the lock of the cluster either. */
    close_range(3, ~0U, 0);
    if (spawn->background && chdir("/") != 0)
        _exit(126);
    setenv("PILOT_DB", spawn->conninfo, 1);
    unsetenv("PILOT_DIR");
    execv(path, argv);
    dprintf(STDERR_FILENO, "cannot run %s\n", path);
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
    fflush(NULL);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return pilot_error_set(error, PILOT_E_COORDINATOR, "cannot start %s: %s", spawn->program,
                               strerror(errno));
    if (pid == 0)
        become(spawn, path, argv, parent);
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

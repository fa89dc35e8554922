#include "holder.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the kernel was given at this boot; empty when it does not tell. */
static void read_boot(char boot[40])
{
    boot[0] = '\0';
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file)
        return;
    if (!fgets(boot, 40, file))
        boot[0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    fclose(file);
}

static uint64_t pid_namespace(void)
{
    struct stat about;
    return stat("/proc/self/ns/pid", &about) ? 0 : (uint64_t)about.st_ino;
}

/* Start of a process in clock ticks since boot; 0 when there is no such process, or only its
 * remains. */
static uint64_t start_of(int64_t pid)
{
    char path[64], line[1024] = "";
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    bool any = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    /* The name stands in parentheses and may hold anything; state is field 3, start field 22. */
    const char *field = any ? strrchr(line, ')') : NULL;
    if (!field || strlen(field) < 3 || field[2] == 'Z' || field[2] == 'X')
        return 0;
    for (int number = 2; number < 22 && field; number++)
        field = strchr(field + 1, ' ');
    return field ? strtoull(field + 1, NULL, 10) : 0;
}

void pilot_holder_name(char name[PILOT_HOLDER_SIZE])
{
    char host[64] = "", boot[40];
    int64_t pid = (int64_t)getpid();
    gethostname(host, sizeof host - 1);
    read_boot(boot);
    snprintf(name, PILOT_HOLDER_SIZE, "%s:%" PRId64 " %s.%" PRIu64 ".%" PRId64 ".%" PRIu64, host,
             pid, boot, pid_namespace(), pid, start_of(pid));
}

bool pilot_holder_is_dead(const char *name)
{
    char boot[40], ours[40];
    uint64_t its_namespace, its_start;
    int64_t pid;
    const char *identity = strrchr(name, ' ');
    if (!identity || sscanf(identity, " %39[^.].%" SCNu64 ".%" SCNd64 ".%" SCNu64, boot,
                            &its_namespace, &pid, &its_start) != 4)
        return false;
    read_boot(ours);
    if (!*ours || strcmp(boot, ours) || !its_namespace || its_namespace != pid_namespace() ||
        pid <= 0 || !its_start || !start_of((int64_t)getpid()))
        return false;
    return start_of(pid) != its_start;
}

/* Machines of one class give the same bits: what selects code paths in the C library's mathematics
 * and in OpenBLAS is in the name. */
#include "pilot/wire.h"

#include <cblas.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static char class_name[192];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void append_feature(char *features, size_t size, bool present, const char *name)
{
    size_t used = strlen(features);
    if (present)
        snprintf(features + used, size - used, "%s%s", used ? "+" : "", name);
}

static void make_class(void)
{
    char features[64] = "";
#if defined(__x86_64__)
    __builtin_cpu_init();
    append_feature(features, sizeof features, __builtin_cpu_supports("avx"), "avx");
    append_feature(features, sizeof features, __builtin_cpu_supports("avx2"), "avx2");
    append_feature(features, sizeof features, __builtin_cpu_supports("fma"), "fma");
    append_feature(features, sizeof features, __builtin_cpu_supports("avx512f"), "avx512f");
    append_feature(features, sizeof features, __builtin_cpu_supports("avx512dq"), "avx512dq");
#endif
    append_feature(features, sizeof features, !*features, "base");
    struct utsname system;
    if (uname(&system))
        snprintf(system.machine, sizeof system.machine, "unknown");
    snprintf(class_name, sizeof class_name, "%.16s-%s-%.32s-glibc%.16s", system.machine, features,
             openblas_get_corename(), gnu_get_libc_version());
}

const char *pilot_wire_cpu_class(void)
{
    pthread_once(&once, make_class);
    return class_name;
}

/* main.c - `pilot-worker`: takes jobs from coordinators, pulls outcome data from PostgreSQL read
 * only, computes, returns rows.  One I/O thread (this one), --threads compute threads. */
#include <cblas.h>
#include <glpk.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_version.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "compute.h"
#include "loop.h"
#include "pilot/conninfo.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/options.h"
#include "pilot/signals.h"
#include "pilot/wire.h"

enum { MOST_THREADS = 256, MOST_ENDPOINTS = 16 };

typedef struct settings {
    const char *connect, *conninfo;
    pilot_option_source_t conninfo_source;
    int64_t threads, cache;
    bool help, version;
    char *endpoint_memory;
    const char *endpoint[MOST_ENDPOINTS];
    size_t endpoints;
} settings_t;

static void print_version(void)
{
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    char *zeromq PILOT_AUTOFREE = pilot_format("ZeroMQ %d.%d.%d", major, minor, patch);
    char *postgres PILOT_AUTOFREE =
        pilot_format("libpq %d.%d", PQlibVersion() / 10000, PQlibVersion() % 10000);
    char *protobuf PILOT_AUTOFREE = pilot_format("protobuf-c %s", protobuf_c_version());
    char *gsl PILOT_AUTOFREE = pilot_format("GSL %s", gsl_version);
    char *glpk PILOT_AUTOFREE = pilot_format("GLPK %s", glp_version());
    const char *libraries[] = {postgres, zeromq, protobuf, gsl, glpk, openblas_get_config(), NULL};
    pilot_options_version("pilot-worker", libraries);
}

/* "a,b" -> endpoints, each one that may be used without encryption. */
static pilot_status_t split_endpoints(settings_t *settings, pilot_error_t *error)
{
    settings->endpoint_memory = pilot_strdup(settings->connect);
    for (char *at = settings->endpoint_memory; at;) {
        char *comma = strchr(at, ',');
        if (comma)
            *comma++ = '\0';
        if (settings->endpoints == MOST_ENDPOINTS)
            return pilot_error_set(error, PILOT_E_USAGE, "--connect: more than %d endpoints",
                                   (int)MOST_ENDPOINTS);
        pilot_status_t status = pilot_wire_endpoint_allowed(at, error);
        if (status != PILOT_OK)
            return pilot_error_prefix(error, "--connect");
        settings->endpoint[settings->endpoints++] = at;
        at = comma;
    }
    return PILOT_OK;
}

static pilot_status_t check_settings(settings_t *settings, int operands, pilot_error_t *error)
{
    if (operands > 0)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "no operands expected; see pilot-worker --help");
    if (!settings->connect)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--connect is missing; see pilot-worker --help");
    if (!settings->conninfo)
        return pilot_error_set(error, PILOT_E_USAGE, "--db is missing; see pilot-worker --help");
    if (settings->conninfo_source == PILOT_SOURCE_FLAG) {
        pilot_status_t status = pilot_conninfo_refuse_secret(settings->conninfo, error);
        if (status != PILOT_OK)
            return status;
    }
    return split_endpoints(settings, error);
}

static pilot_status_t read_settings(settings_t *settings, int argc, char **argv,
                                    pilot_error_t *error)
{
    const pilot_option_t options[] = {
        {.name = "connect",
         .type = PILOT_OPTION_TEXT,
         .target = &settings->connect,
         .argument = "ENDPOINT[,ENDPOINT]",
         .environment = "PILOT_CONNECT",
         .help = "where coordinators listen: ipc://PATH or tcp://127.0.0.1:PORT"},
        {.name = "db",
         .type = PILOT_OPTION_TEXT,
         .target = &settings->conninfo,
         .argument = "CONNINFO",
         .environment = "PILOT_DB",
         .help = "PostgreSQL with the outcome data; it is only read, so a replica will do",
         .source = &settings->conninfo_source},
        {.name = "threads",
         .type = PILOT_OPTION_COUNT,
         .target = &settings->threads,
         .argument = "N",
         .environment = "PILOT_THREADS",
         .help = "jobs computed at once (default: the cores)",
         .minimum = 1,
         .maximum = MOST_THREADS},
        {.name = "cache",
         .type = PILOT_OPTION_SIZE,
         .target = &settings->cache,
         .argument = "SIZE",
         .environment = "PILOT_CACHE",
         .help = "memory for outcome data that may be needed again (default: 512MB)"},
        {.name = "help", .type = PILOT_OPTION_FLAG, .target = &settings->help, .help = "this text"},
        {.name = "version",
         .type = PILOT_OPTION_FLAG,
         .target = &settings->version,
         .help = "version, and those of the libraries"},
        {0}};
    int operands = 0;
    pilot_status_t status =
        pilot_options_parse(options, "pilot-worker", argc, argv, &operands, error);
    if (status != PILOT_OK)
        return status;
    if (settings->help) {
        pilot_options_help(options, "pilot-worker --connect ENDPOINT --db CONNINFO [OPTION]...",
                           "Computes the jobs that a coordinator hands out.  SIGTERM: finish what "
                           "runs, give back the rest, end; a second one ends at once.");
        return PILOT_OK;
    }
    if (settings->version)
        return PILOT_OK;
    return check_settings(settings, operands, error);
}

/* Fit to work?  Said before the first Hello, so that nobody gives jobs to a worker without data. */
static pilot_status_t check_database(const char *conninfo, pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_compute_open_database(conninfo, &db, error);
    if (status == PILOT_OK)
        status = pilot_db_check_schema(db, error);
    pilot_db_close(db);
    return status;
}

static pilot_status_t run(const settings_t *settings, int signal_fd, pilot_error_t *error)
{
    pilot_status_t status = check_database(settings->conninfo, error);
    if (status != PILOT_OK)
        return status;
    size_t threads = (size_t)settings->threads;
    static atomic_ullong progress;
    pilot_tasks_t *tasks = pilot_tasks_new();
    pilot_cache_t *cache = pilot_cache_new((size_t)settings->cache);
    pilot_compute_t *compute = PILOT_NEW_ARRAY(pilot_compute_t, threads);
    for (size_t i = 0; i < threads; i++)
        pilot_compute_start(&compute[i], tasks, cache, settings->conninfo, &progress);
    pilot_loop_options_t options = {.endpoint = settings->endpoint,
                                    .endpoints = settings->endpoints,
                                    .threads = threads,
                                    .signal_fd = signal_fd,
                                    .tasks = tasks,
                                    .cache = cache,
                                    .progress = &progress};
    status = pilot_loop_run(&options, error);
    if (status != PILOT_OK) /* threads may still compute: the process ends under them */
        return status;
    pilot_tasks_stop(tasks);
    for (size_t i = 0; i < threads; i++)
        pilot_compute_join(&compute[i]);
    free(compute);
    pilot_tasks_free(tasks);
    pilot_cache_free(cache);
    return PILOT_OK;
}

int main(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    settings_t settings = {.threads = cores > 0 && cores < MOST_THREADS ? cores : 1,
                           .cache = (int64_t)512 << 20};
    pilot_error_t error = {0};
    pilot_conninfo_no_core();
    pilot_log_init("pilot-worker", PILOT_LOG_INFO);
    openblas_set_num_threads(1);
    gsl_set_error_handler_off();
    pilot_status_t status = read_settings(&settings, argc, argv, &error);
    if (status == PILOT_OK && settings.version) {
        print_version();
    } else if (status == PILOT_OK && !settings.help) {
        char *conninfo = pilot_conninfo_complete(settings.conninfo);
        settings.conninfo = conninfo;
        int signal_fd = pilot_signals_open();
        status = run(&settings, signal_fd, &error);
        if (status == PILOT_OK) /* else threads may still connect with it */
            pilot_conninfo_wipe(conninfo);
    }
    free(settings.endpoint_memory);
    if (status == PILOT_OK)
        return 0;
    fprintf(stderr, "pilot-worker: %s\n", error.message);
    fflush(NULL);
    _exit(pilot_status_exit(status)); /* not exit(): threads may still use what it would end */
}

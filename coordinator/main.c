/* pilot-coordinator: turns launched analyses into jobs, farms them, stores results. */
#include <stdio.h>
#include <libpq-fe.h>
#include <zmq.h>

#include "daemon.h"
#include "pilot/clock.h"
#include "pilot/conninfo.h"
#include "pilot/frame_limits.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/options.h"
#include "pilot/signals.h"
#include "pilot/wire.h"

static const char usage[] = "pilot-coordinator --bind ENDPOINT --db CONNINFO [OPTION...]";
static const char description[] =
    "Turns launched analyses into jobs, farms them out to workers over ZeroMQ and stores their "
    "results. One coordinator works at a time; others wait for its lease. SIGTERM drains.";

static void print_version(void)
{
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    PILOT_AUTOFREE char *zeromq = pilot_format("ZeroMQ %d.%d.%d", major, minor, patch);
    PILOT_AUTOFREE char *postgres =
        pilot_format("libpq %d.%d", PQlibVersion() / 10000, PQlibVersion() % 10000);
    PILOT_AUTOFREE char *protobuf = pilot_format("protobuf-c %s", protobuf_c_version());
    const char *libraries[] = {zeromq, postgres, protobuf, NULL};
    pilot_options_version("pilot-coordinator", libraries);
}

typedef struct settings {
    pilot_daemon_options_t daemon;
    pilot_option_source_t conninfo_source;
    bool help, version;
} settings_t;

static pilot_status_t read_settings(settings_t *settings, int argc, char **argv,
                                    pilot_error_t *error)
{
    const pilot_option_t options[] = {
        {.name = "bind",
         .type = PILOT_OPTION_TEXT,
         .target = &settings->daemon.bind,
         .argument = "ENDPOINT",
         .environment = "PILOT_BIND",
         .help = "where workers connect: ipc:///path or tcp://127.0.0.1:PORT"},
        {.name = "db",
         .type = PILOT_OPTION_TEXT,
         .target = &settings->daemon.conninfo,
         .argument = "CONNINFO",
         .environment = "PILOT_DB",
         .help = "PostgreSQL connection string or URI",
         .source = &settings->conninfo_source},
        {.name = "lease-ttl",
         .type = PILOT_OPTION_COUNT,
         .target = &settings->daemon.lease_ttl_ms,
         .argument = "MS",
         .help = "how long a silent coordinator keeps its lease (10000)",
         .minimum = 300,
         .maximum = 3600000},
        {.name = "heartbeat",
         .type = PILOT_OPTION_COUNT,
         .target = &settings->daemon.heartbeat_ms,
         .argument = "MS",
         .help = "interval of heartbeats (1000); a worker is lost after ten",
         .minimum = 20,
         .maximum = 60000},
        {.name = "drain",
         .type = PILOT_OPTION_COUNT,
         .target = &settings->daemon.drain_ms,
         .argument = "MS",
         .help = "how long SIGTERM waits for results under way (10000)",
         .minimum = 0,
         .maximum = 3600000},
        {.name = "help", .type = PILOT_OPTION_FLAG, .target = &settings->help, .help = "this text"},
        {.name = "version",
         .type = PILOT_OPTION_FLAG,
         .target = &settings->version,
         .help = "version of this program and its libraries"},
        {0},
    };
    int operands = 0;
    pilot_status_t status =
        pilot_options_parse(options, "pilot-coordinator", argc, argv, &operands, error);
    if (!status && settings->help)
        pilot_options_help(options, usage, description);
    if (status || settings->help || settings->version)
        return status;
    if (operands)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "'%s' is not wanted here; see pilot-coordinator --help", argv[1]);
    return PILOT_OK;
}

static pilot_status_t run(const settings_t *settings, pilot_error_t *error)
{
    pilot_daemon_options_t daemon = settings->daemon;
    if (!daemon.bind || !daemon.conninfo)
        return pilot_error_set(error, PILOT_E_USAGE, "%s is missing; see pilot-coordinator --help",
                               daemon.bind ? "--db" : "--bind");
    pilot_status_t status = settings->conninfo_source == PILOT_SOURCE_FLAG
                                ? pilot_conninfo_refuse_secret(daemon.conninfo, error)
                                : PILOT_OK;
    if (!status)
        status = pilot_wire_endpoint_allowed(daemon.bind, error);
    if (status)
        return status;
    char *conninfo = pilot_conninfo_complete(daemon.conninfo);
    daemon.conninfo = conninfo;
    status = pilot_daemon_run(&daemon, pilot_signals_open(), error);
    pilot_conninfo_wipe(conninfo);
    return status;
}

int main(int argc, char **argv)
{
    pilot_error_t error = {0};
    pilot_conninfo_no_core();
    pilot_log_init("pilot-coordinator", PILOT_LOG_INFO);
    settings_t settings = {
        .daemon = {.lease_ttl_ms = 10000, .heartbeat_ms = PILOT_HEARTBEAT_MS, .drain_ms = 10000}};
    pilot_status_t status = read_settings(&settings, argc, argv, &error);
    if (!status && settings.version)
        print_version();
    else if (!status && !settings.help)
        status = run(&settings, &error);
    if (status)
        fprintf(stderr, "pilot-coordinator: %s\n", error.message);
    return pilot_status_exit(status);
}

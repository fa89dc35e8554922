#include "daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "keeper.h"
#include "lease.h"
#include "pilot/clock.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/signals.h"
#include "planner.h"
#include "releaser.h"
#include "service.h"
#include "writer.h"

typedef struct daemon {
    const pilot_daemon_options_t *options;
    int signal_fd;
    pilot_shared_t shared;
    void *context, *socket;
    pilot_keeper_t keeper;
    pthread_t keeper_thread, writer_thread, planner_thread, releaser_thread;
    pilot_service_t service;
} daemon_t;

/* ---- start ----------------------------------------------------------------------------------- */

static pilot_status_t in_use(const char *endpoint, pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_COORDINATOR,
                           "%s: in use by another process; stop it, or choose another --bind",
                           endpoint);
}

static pilot_status_t bind_socket(void *context, const char *endpoint, void **socket,
                                  pilot_error_t *error)
{
    if (pilot_wire_endpoint_busy(endpoint))
        return in_use(endpoint, error);
    pilot_status_t status = pilot_wire_router_new(context, socket, error);
    if (status || !zmq_bind(*socket, endpoint))
        return status;
    return errno == EADDRINUSE ? in_use(endpoint, error)
                               : pilot_error_set(error, PILOT_E_COORDINATOR, "%s: cannot bind: %s",
                                                 endpoint, zmq_strerror(errno));
}

/* A port that is taken should be told before the wait for the lease, which may be long.  ZeroMQ
 * closes sockets in a thread of its own: only the end of a context tells that it has been done. */
static pilot_status_t try_endpoint(const char *endpoint, pilot_error_t *error)
{
    void *context = zmq_ctx_new(), *socket = NULL;
    pilot_status_t status = bind_socket(context, endpoint, &socket, error);
    if (socket)
        zmq_close(socket);
    zmq_ctx_term(context);
    return status;
}

static pilot_status_t take_lease(daemon_t *daemon, pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_shared_t *shared = &daemon->shared;
    pilot_status_t status =
        pilot_db_open(daemon->options->conninfo, "pilot-coordinator lease", &db, error);
    if (!status)
        status = pilot_db_check_schema(db, error);
    if (!status)
        status = pilot_keeper_wait(db, shared, daemon->options->bind, daemon->signal_fd, error);
    if (status) {
        pilot_db_close(db);
        return status;
    }
    daemon->keeper = (pilot_keeper_t){.shared = shared,
                                      .db = db,
                                      .taken_ms = atomic_load(&shared->lease_deadline_ms) -
                                                  shared->lease_ttl_ms};
    pthread_create(&daemon->keeper_thread, NULL, pilot_keeper_main, &daemon->keeper);
    return PILOT_OK;
}

/* ---- run ------------------------------------------------------------------------------------- */

/* Milliseconds that a signal leaves for what is under way. */
static int64_t patience(const daemon_t *daemon, int signal_number)
{
    return signal_number == SIGINT ? 0 : daemon->options->drain_ms;
}

static bool is_end(int signal_number)
{
    return signal_number == SIGTERM || signal_number == SIGINT;
}

static pilot_status_t serve(daemon_t *daemon, pilot_error_t *error)
{
    int64_t end_ms = 0; /* 0: not draining */
    for (;;) {
        pilot_service_round(&daemon->service, daemon->signal_fd);
        if (atomic_load(&daemon->shared.fenced))
            return pilot_error_set(error, PILOT_E_FENCED, "another coordinator has taken over");
        int signal_number = pilot_signals_read(daemon->signal_fd);
        if (is_end(signal_number)) {
            if (end_ms)
                return pilot_error_set(error, PILOT_E_INTERRUPTED, "ended by a second signal");
            end_ms = pilot_clock_ms() + patience(daemon, signal_number);
            pilot_log(PILOT_LOG_INFO, "draining", "patience_ms=%" PRId64,
                      patience(daemon, signal_number));
            pilot_service_drain(&daemon->service);
        }
        bool idle =
            pilot_service_is_idle(&daemon->service) && pilot_releaser_is_idle(&daemon->shared);
        if (end_ms && (idle || pilot_clock_ms() >= end_ms))
            return PILOT_OK;
    }
}

static void stop_threads(daemon_t *daemon)
{
    atomic_store(&daemon->shared.stop, true);
    pilot_mailbox_wake(daemon->shared.to_writer);
    pilot_mailbox_wake(daemon->shared.to_planner);
    pilot_mailbox_wake(daemon->shared.to_releaser);
    pthread_join(daemon->writer_thread, NULL);
    pthread_join(daemon->planner_thread, NULL);
    pthread_join(daemon->releaser_thread, NULL);
}

static void free_plain_mail(pilot_mailbox_t *box)
{
    for (pilot_mail_t *mail = pilot_mailbox_take(box), *next; mail; mail = next) {
        next = mail->next;
        free(mail);
    }
}

static void free_mail(pilot_shared_t *shared)
{
    pilot_mail_t *mail = pilot_mailbox_take(shared->to_writer);
    for (pilot_mail_t *next; mail; mail = next) {
        next = mail->next;
        pilot_writer_mail_free((pilot_writer_mail_t *)mail);
    }
    free_plain_mail(shared->to_planner);
    free_plain_mail(shared->to_releaser);
}

static pilot_status_t run_service(daemon_t *daemon, pilot_error_t *error)
{
    pilot_shared_t *shared = &daemon->shared;
    pilot_service_init(&daemon->service, shared, daemon->socket, daemon->options->heartbeat_ms);
    pthread_create(&daemon->writer_thread, NULL, pilot_writer_main, shared);
    pthread_create(&daemon->planner_thread, NULL, pilot_planner_main, shared);
    pilot_releaser_expect(shared); /* what an earlier coordinator left */
    pilot_releaser_wake(shared, 0);
    pthread_create(&daemon->releaser_thread, NULL, pilot_releaser_main, shared);
    pilot_log(PILOT_LOG_INFO, "started", "endpoint=%s epoch=%" PRIu64 " holder=%s",
              daemon->options->bind, shared->epoch, shared->holder);
    pilot_status_t status = serve(daemon, error);
    if (status == PILOT_E_INTERRUPTED)
        _exit(pilot_status_exit(status)); /* at once: the lease runs out by itself */
    stop_threads(daemon);
    service_take_mail(&daemon->service, pilot_clock_ms()); /* the last acknowledgements */
    pilot_service_goodbye(&daemon->service);
    free_mail(shared);
    pilot_service_clear(&daemon->service);
    pilot_log(PILOT_LOG_INFO, "stopped", "epoch=%" PRIu64, shared->epoch);
    return status;
}

static pilot_status_t with_lease(daemon_t *daemon, pilot_error_t *error)
{
    pilot_status_t status = take_lease(daemon, error);
    if (status) /* a standby that is told to end has nothing to finish */
        return status == PILOT_E_INTERRUPTED ? PILOT_OK : status;
    status = bind_socket(daemon->context, daemon->options->bind, &daemon->socket, error);
    if (!status)
        status = run_service(daemon, error);
    atomic_store(&daemon->shared.keeper_stop, true);
    pthread_join(daemon->keeper_thread, NULL);
    return status;
}

pilot_status_t pilot_daemon_run(const pilot_daemon_options_t *options, int signal_fd,
                                pilot_error_t *error)
{
    enum { LINGER_MS = 200 };
    daemon_t *daemon = PILOT_NEW(daemon_t);
    daemon->options = options;
    daemon->signal_fd = signal_fd;
    daemon->shared.conninfo = options->conninfo;
    daemon->shared.lease_ttl_ms = options->lease_ttl_ms;
    daemon->shared.to_service = pilot_mailbox_new();
    daemon->shared.to_writer = pilot_mailbox_new();
    daemon->shared.to_planner = pilot_mailbox_new();
    daemon->shared.to_releaser = pilot_mailbox_new();
    pilot_holder_name(daemon->shared.holder);
    daemon->context = zmq_ctx_new();
    pilot_status_t status = try_endpoint(options->bind, error);
    if (!status)
        status = with_lease(daemon, error);
    if (daemon->socket) {
        const int linger_ms = LINGER_MS;
        zmq_setsockopt(daemon->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
        zmq_close(daemon->socket);
    }
    zmq_ctx_term(daemon->context);
    pilot_mailbox_free(daemon->shared.to_service);
    pilot_mailbox_free(daemon->shared.to_writer);
    pilot_mailbox_free(daemon->shared.to_planner);
    pilot_mailbox_free(daemon->shared.to_releaser);
    free(daemon);
    return status;
}

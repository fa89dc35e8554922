/* mail.h - what the coordinator's threads tell each other.
 *
 *   planner --analyses, jobs--> service --results, failures--> writer --committed--> service
 *                                                                     --ended-----> planner */
#ifndef PILOT_MAIL_H
#define PILOT_MAIL_H

#include <pilot.pb-c.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handed.h"
#include "holder.h"
#include "mailbox.h"
#include "queue.h"

/* What all jobs of an analysis share; owned by the service once it is handed over. */
typedef struct pilot_work {
    uint64_t analysis;
    int32_t retries;
    char *worker_class; /* NULL: that of the first worker */
    uint8_t *spec;      /* packed */
    size_t spec_length;
    Pilot__Pin *pins;
    size_t pin_count;
} pilot_work_t;
void pilot_work_free(pilot_work_t *work);

/* Who is to be told that a result is stored. */
typedef struct pilot_sender {
    uint32_t worker, generation;
} pilot_sender_t;

/* ---- to the service -------------------------------------------------------------------------- */

typedef enum pilot_service_mail_kind {
    PILOT_MAIL_ADD,    /* work (consumed) */
    PILOT_MAIL_JOBS,   /* rows (consumed), count */
    PILOT_MAIL_LOADED, /* all jobs of the analysis were sent */
    PILOT_MAIL_CANCEL,
    PILOT_MAIL_REMOVE,
    PILOT_MAIL_OPEN,    /* what was running is loaded: workers may come */
    PILOT_MAIL_STORED,  /* receipts (consumed), count */
    PILOT_MAIL_REJECTED /* the database refuses this result: job, reason (consumed) */
} pilot_service_mail_kind_t;

typedef struct pilot_receipt {
    uint64_t job;
    size_t bytes;
    pilot_sender_t sender;
} pilot_receipt_t;

typedef struct pilot_service_mail {
    pilot_mail_t mail;
    pilot_service_mail_kind_t kind;
    uint64_t analysis;
    pilot_work_t *work;
    pilot_job_row_t *rows;
    pilot_receipt_t *receipts;
    size_t count;
    pilot_receipt_t rejected;
    char *reason;
} pilot_service_mail_t;

/* ---- to the writer --------------------------------------------------------------------------- */

typedef enum pilot_writer_mail_kind {
    PILOT_MAIL_RESULT,  /* frame (consumed) */
    PILOT_MAIL_FAILURE, /* reason (consumed) */
    PILOT_MAIL_CLASS,   /* pin the analysis to build and cpu_class (consumed) */
    PILOT_MAIL_HANDED,  /* handed (consumed): for the audit log */
    PILOT_MAIL_ENDED    /* after everything before it is committed, tell the planner */
} pilot_writer_mail_kind_t;

typedef struct pilot_writer_mail {
    pilot_mail_t mail;
    pilot_writer_mail_kind_t kind;
    uint64_t analysis, job;
    pilot_sender_t sender;
    Pilot__Frame *frame;
    Pilot__ResultRows *rows; /* unpacked by the writer */
    uint8_t digest[32];
    bool is_new; /* set by the writer: no result stood there before */
    int32_t retries;
    bool given_up, cancelled;
    uint64_t given_up_total;
    char *reason, *build, *cpu_class;
    pilot_handed_t handed;
    char worker[64]; /* name, for people */
} pilot_writer_mail_t;
void pilot_writer_mail_free(pilot_writer_mail_t *mail);

/* ---- to the planner -------------------------------------------------------------------------- */

typedef struct pilot_planner_mail {
    pilot_mail_t mail;
    uint64_t analysis;
    uint64_t given_up;
    bool cancelled;
} pilot_planner_mail_t;

/* ---- to the releaser ------------------------------------------------------------------------- */

typedef struct pilot_releaser_mail {
    pilot_mail_t mail;
    uint64_t analysis;
} pilot_releaser_mail_t;

/* ---- what all threads share ------------------------------------------------------------------ */

typedef struct pilot_shared {
    const char *conninfo;
    uint64_t epoch; /* fixed once the threads run */
    char holder[PILOT_HOLDER_SIZE];
    int64_t lease_ttl_ms;
    _Atomic int64_t lease_deadline_ms; /* CLOCK_MONOTONIC; past it nothing is sent out */
    atomic_bool fenced;                /* another coordinator took over: end */
    atomic_bool stop;                  /* writer, planner and releaser end */
    atomic_int expected_releases;      /* releaser.h */
    atomic_bool keeper_stop;           /* the lease is released, last of all */
    pilot_mailbox_t *to_service, *to_writer, *to_planner, *to_releaser;
} pilot_shared_t;

#endif

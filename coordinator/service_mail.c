/* service_mail.c - what planner and writer say. */
#include "service.h"

#include <stdlib.h>

#include "pilot/log.h"
#include "pilot/memory.h"

/* Takes the work. */
static void add_work(pilot_service_t *service, pilot_work_t *work)
{
    if (!pilot_queue_add_analysis(service->queue, work->analysis, 0, work->worker_class)) {
        pilot_work_free(work);
        return;
    }
    service->works = pilot_grow(service->works, &service->work_capacity, service->work_count + 1,
                                sizeof(pilot_work_t *));
    service->works[service->work_count++] = work;
}

static void remove_work(pilot_service_t *service, uint64_t analysis)
{
    pilot_queue_remove(service->queue, analysis);
    for (size_t i = 0; i < service->work_count; i++) {
        if (service->works[i]->analysis != analysis)
            continue;
        pilot_work_free(service->works[i]);
        service->works[i] = service->works[--service->work_count];
        return;
    }
}

static void cancel_work(pilot_service_t *service, uint64_t analysis, int64_t now_ms)
{
    size_t count = 0;
    PILOT_AUTOFREE uint64_t *leased = NULL;
    pilot_queue_cancel(service->queue, analysis, &leased, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t slot = 0; slot < service->peers.count; slot++)
            if (pilot_peers_release(&service->peers, (uint32_t)slot, leased[i])) {
                service_cancel(service, (uint32_t)slot, &leased[i], 1, now_ms);
                break;
            }
}

static void take_receipt(pilot_service_t *service, const pilot_receipt_t *receipt)
{
    service->unstored_bytes -= receipt->bytes;
    service->unstored_results--;
    service_acknowledge(service, receipt->sender, receipt->job);
}

static void take_one(pilot_service_t *service, pilot_service_mail_t *mail, int64_t now_ms)
{
    switch (mail->kind) {
    case PILOT_MAIL_ADD:
        add_work(service, mail->work);
        break;
    case PILOT_MAIL_JOBS:
        pilot_queue_add_jobs(service->queue, mail->analysis, mail->rows, mail->count, now_ms);
        break;
    case PILOT_MAIL_LOADED:
        pilot_queue_loaded(service->queue, mail->analysis, now_ms);
        break;
    case PILOT_MAIL_CANCEL:
        cancel_work(service, mail->analysis, now_ms);
        break;
    case PILOT_MAIL_REMOVE:
        remove_work(service, mail->analysis);
        break;
    case PILOT_MAIL_OPEN:
        service->open = true;
        break;
    case PILOT_MAIL_STORED:
        for (size_t i = 0; i < mail->count; i++) {
            pilot_queue_stored(service->queue, mail->receipts[i].job, now_ms);
            take_receipt(service, &mail->receipts[i]);
        }
        break;
    case PILOT_MAIL_REJECTED:
        service_fail(service, mail->rejected.job, PILOT_NO_PEER, PILOT_FAILURE_ERROR, mail->reason,
                     now_ms);
        take_receipt(service, &mail->rejected);
        break;
    }
    free(mail->rows);
    free(mail->receipts);
    free(mail->reason);
    free(mail);
}

void service_take_mail(pilot_service_t *service, int64_t now_ms)
{
    pilot_mail_t *mail = pilot_mailbox_take(service->shared->to_service);
    while (mail) {
        pilot_mail_t *next = mail->next;
        take_one(service, (pilot_service_mail_t *)mail, now_ms);
        mail = next;
    }
}

#include "mail.h"

#include <stdlib.h>

#include "pilot/wire.h"

void pilot_work_free(pilot_work_t *work)
{
    if (!work)
        return;
    for (size_t i = 0; i < work->pin_count; i++)
        free(work->pins[i].agency);
    free(work->pins);
    free(work->spec);
    free(work->worker_class);
    free(work);
}

void pilot_writer_mail_free(pilot_writer_mail_t *mail)
{
    pilot_wire_free(mail->frame);
    if (mail->rows)
        pilot_message_free(&mail->rows->base);
    pilot_handed_clear(&mail->handed);
    free(mail->reason);
    free(mail->build);
    free(mail->cpu_class);
    free(mail);
}

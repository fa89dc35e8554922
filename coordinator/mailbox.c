#include "mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pilot/memory.h"

struct pilot_mailbox {
    pthread_mutex_t lock;
    pilot_mail_t *first, *last;
    int fd;
};

pilot_mailbox_t *pilot_mailbox_new(void)
{
    pilot_mailbox_t *box = PILOT_NEW(pilot_mailbox_t);
    pthread_mutex_init(&box->lock, NULL);
    box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (box->fd < 0)
        pilot_out_of_memory(); /* no descriptors left at start is no better */
    return box;
}

void pilot_mailbox_free(pilot_mailbox_t *box)
{
    if (!box)
        return;
    pthread_mutex_destroy(&box->lock);
    close(box->fd);
    free(box);
}

void pilot_mailbox_wake(pilot_mailbox_t *box)
{
    const uint64_t one = 1;
    (void)!write(box->fd, &one, sizeof one);
}

void pilot_mailbox_put(pilot_mailbox_t *box, pilot_mail_t *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&box->lock);
    pilot_mail_t *before = box->last;
    if (before)
        before->next = mail;
    else
        box->first = mail;
    box->last = mail;
    pthread_mutex_unlock(&box->lock);
    if (!before)
        pilot_mailbox_wake(box);
}

pilot_mail_t *pilot_mailbox_take(pilot_mailbox_t *box)
{
    uint64_t count;
    (void)!read(box->fd, &count, sizeof count); /* before taking, so that no wake-up is lost */
    pthread_mutex_lock(&box->lock);
    pilot_mail_t *first = box->first;
    box->first = box->last = NULL;
    pthread_mutex_unlock(&box->lock);
    return first;
}

int pilot_mailbox_fd(const pilot_mailbox_t *box)
{
    return box->fd;
}

pilot_mail_t *pilot_mailbox_wait(pilot_mailbox_t *box, int timeout_ms)
{
    struct pollfd wait = {.fd = box->fd, .events = POLLIN};
    poll(&wait, 1, timeout_ms);
    return pilot_mailbox_take(box);
}

/* mailbox.h - messages between threads, in order, ownership with the message.
 * A message is a struct that begins with pilot_mail_t, made with pilot_alloc. */
#ifndef PILOT_MAILBOX_H
#define PILOT_MAILBOX_H

#include <stdint.h>

typedef struct pilot_mail {
    struct pilot_mail *next;
} pilot_mail_t;

typedef struct pilot_mailbox pilot_mailbox_t;

pilot_mailbox_t *pilot_mailbox_new(void);
/* Messages still inside are the caller's: take them first. */
void pilot_mailbox_free(pilot_mailbox_t *box);
void pilot_mailbox_put(pilot_mailbox_t *box, pilot_mail_t *mail);
/* All messages in order, linked by next; NULL = none. */
pilot_mail_t *pilot_mailbox_take(pilot_mailbox_t *box);
/* Readable while something may be inside. */
int pilot_mailbox_fd(const pilot_mailbox_t *box);
/* Readable now, whatever is inside: ends a poll. */
void pilot_mailbox_wake(pilot_mailbox_t *box);
/* Wait until the descriptor is readable, at most so long; then take. */
pilot_mail_t *pilot_mailbox_wait(pilot_mailbox_t *box, int timeout_ms);

#endif

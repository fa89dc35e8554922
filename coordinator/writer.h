/* writer.h - the thread that stores results and failures: one transaction a batch, fenced by the
 * epoch, sent again as it is until the database takes it. */
#ifndef PILOT_WRITER_H
#define PILOT_WRITER_H

#include "mail.h"
#include "pilot/database.h"
#include "pilot/error.h"

/* Thread: context is pilot_shared_t *.  Ends when shared->stop is set and nothing is left to store,
 * or fenced, or the database stays away for 5 s after stop. */
void *pilot_writer_main(void *context);

/* ---- within the writer ----------------------------------------------------------------------- */

/* One transaction.  Results whose job has one already are compared with it, not stored.  Results
 * come once a job. */
pilot_status_t writer_store(pilot_db_t *db, const pilot_shared_t *shared,
                            pilot_writer_mail_t **items, size_t count, pilot_error_t *error);
/* writer_rows.c: the rows of new results, by COPY. */
pilot_status_t writer_copy_rows(pilot_db_t *db, pilot_writer_mail_t **items, size_t count,
                                pilot_error_t *error);

#endif

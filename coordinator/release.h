/* release.h - what of a finished analysis the public may see: its rows go through disclosure
 * control (pilot/disclosure.h) into the tables of schema dashboard. */
#ifndef PILOT_RELEASE_H
#define PILOT_RELEASE_H

#include "pilot/database.h"
#include "pilot/error.h"

/* Within an open transaction: releases an analysis that is done and not yet released.  With
 * withdrawn data in it nothing is released, and that is recorded.  Reads the rows twice, some
 * thousand at a time, so memory is what disclosure control keeps: see
 * docs/operations/dashboards.md. *ret_rows, *ret_suppressed: of all released tables; those with a
 * mark c. */
pilot_status_t pilot_release(pilot_db_t *db, uint64_t analysis, uint64_t *ret_rows,
                             uint64_t *ret_suppressed, pilot_error_t *error);

#endif

/* audit_verify.h - stream the audit log and check its chain. */
#ifndef PILOT_CLI_AUDIT_VERIFY_H
#define PILOT_CLI_AUDIT_VERIFY_H

#include "audit_chain.h"
#include "pilot/database.h"

/* In one snapshot.  from and expected may be NULL.  On success *ret_head is the last entry's number
 * and hash, *ret_entries how many were looked at.  PILOT_E_TAMPERED names the first bad entry. */
pilot_status_t pilot_audit_verify(pilot_db_t *db, const pilot_audit_note_t *from,
                                  const pilot_audit_note_t *expected, pilot_audit_note_t *ret_head,
                                  uint64_t *ret_entries, pilot_error_t *error);

#endif

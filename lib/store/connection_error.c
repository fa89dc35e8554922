/* Why no connection came about, as one line: what, where, what to do.  libpq's own text tells the
 * first two; it may have several lines, one an address that was tried. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

static const char server_is_full[] = "try again later, or have max_connections raised";

/* In order of what tells most: a later line of libpq's may only say that a second attempt failed.
 * Texts of libpq are English here (LC_MESSAGES stays C); of the server's they are what its
 * lc_messages says, and without a match no advice is given. */
static const struct {
    const char *part, *advice;
} advices[] = {
    {"certificate verify failed",
     "the server's certificate was not issued by a CA in sslrootcert, or it has expired; give the "
     "CA's file as sslrootcert=FILE, or have the server's certificate renewed"},
    {"does not match host name",
     "connect by a name that the certificate bears (host=...), or have it issued for this one"},
    {"certificate has expired", "have the certificate renewed"},
    {"root certificate file", "give the file of the CA that issued the server's certificate: "
                              "sslrootcert=FILE (or PGSSLROOTCERT)"},
    {"server does not support SSL", "the server has ssl = off: have it switched on, or, on a "
                                    "network that nobody else can read, use sslmode=disable"},
    {"channel binding", "sslmode=verify-full and a server with scram-sha-256 give channel binding; "
                        "or leave channel_binding=require out"},
    {"connection requires a valid client certificate",
     "give sslcert=FILE and sslkey=FILE of a certificate that the server's ssl_ca_file accepts"},
    {"certificate authentication failed",
     "the client certificate's common name must be the login, or pg_ident.conf must map it"},
    {"no encryption", "the server takes encrypted connections only: use sslmode=verify-full "
                      "sslrootcert=FILE"},
    {"no pg_hba.conf entry", "have a line for this login, database and address put into the "
                             "server's pg_hba.conf"},
    {"password authentication failed",
     "check the password where it is kept: PILOT_DB, PGPASSWORD, a service file or ~/.pgpass"},
    {"no password supplied", "put the password into ~/.pgpass (mode 0600, host:port:database:"
                             "login:password), PGPASSWORD, a service file or PILOT_DB"},
    {"is not permitted to log in", "the DBA must allow it: ALTER ROLE ... LOGIN"},
    {"permission denied for database", "the DBA must allow it: GRANT CONNECT ON DATABASE ..."},
    {"too many connections", server_is_full},
    {"remaining connection slots", server_is_full},
    {"sorry, too many clients", server_is_full},
    {"Connection refused", "is the server running, and is this its host and port?"},
    {"could not translate host name", "check host=..."},
};

/* The line of libpq's text with that part; the first line when there is none.  Caller frees. */
static char *choose_line(const char *text, const char *part)
{
    const char *at = part ? strstr(text, part) : text;
    const char *from = at;
    while (from > text && from[-1] != '\n')
        from--;
    return pilot_strndup(from, strcspn(from, "\n"));
}

pilot_status_t pilot_db_connection_error(pilot_db_t *db, pilot_error_t *error)
{
    const char *text = PQerrorMessage(db->connection);
    size_t known = sizeof advices / sizeof *advices, at = 0;
    while (at < known && !strstr(text, advices[at].part))
        at++;
    if (at == known || !*text)
        return pilot_db_error(db, NULL, error);
    char *line PILOT_AUTOFREE = choose_line(text, advices[at].part);
    pilot_error_set(error, PILOT_E_DATABASE, "PostgreSQL: %s: %s", line, advices[at].advice);
    if (error && advices[at].advice == server_is_full)
        memcpy(error->sqlstate, "53300", sizeof error->sqlstate);
    return PILOT_E_DATABASE;
}

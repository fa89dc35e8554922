/* Connection strings: what is secret in them, and how it goes from parent to child. */
#include "pilot/conninfo.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../harness/tap.h"
#include "pilot/memory.h"

static pilot_error_t error;

/* The value of a keyword in a connection string; caller frees; NULL when there is none. */
static char *value_of(const char *conninfo, const char *keyword)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    char *value = NULL;
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        if (strcmp(option->keyword, keyword) == 0 && option->val)
            value = pilot_strdup(option->val);
    PQconninfoFree(options);
    return value;
}

static void check_split(const char *conninfo, const char *open_want, const char *password,
                        const char *name)
{
    char *open = NULL, *secret = NULL;
    pilot_conninfo_split(conninfo, &open, &secret);
    is_text(open, open_want, "%s: what may be read", name);
    char *got PILOT_AUTOFREE = value_of(secret, "password");
    is_text(got ? got : "", password, "%s: the password", name);
    ok(!pilot_conninfo_holds_secret(open), "%s: no secret is left", name);
    ok(pilot_conninfo_holds_secret(conninfo) == (*password != '\0'), "%s: is seen", name);
    pilot_conninfo_wipe(secret);
    free(open);
}

static void test_split(void)
{
    check_split("", "", "", "an empty string");
    check_split("host=h dbname=d", "dbname='d' host='h'", "", "a string without");
    check_split("password=hunter2 dbname=d", "dbname='d'", "hunter2", "a string with");
    check_split("postgresql://u:p%27w%5C@h:5/d?sslmode=require",
                "user='u' dbname='d' host='h' port='5' sslmode='require'", "p'w\\", "a URI");
    check_split("dbname='it''s' password='a b'", "", "", "a string that is none");
    check_split("dbname='it\\'s \\\\' password='a b'", "dbname='it\\'s \\\\'", "a b", "quotes");
    ok(pilot_conninfo_holds_secret("sslpassword=x"), "the password of a key is one too");
}

static void test_refused(void)
{
    ok(pilot_conninfo_refuse_secret("dbname=d sslmode=verify-full", &error) == PILOT_OK,
       "a string without a secret may stand on the command line");
    ok(pilot_conninfo_refuse_secret("postgresql://u:hunter2@h/d", &error) == PILOT_E_USAGE,
       "one with a password may not");
    ok(!strstr(error.message, "hunter2") && strstr(error.message, ".pgpass"),
       "which does not repeat it, and says where it may stand");
}

/* Parent and child in one process: descriptor and variable are all that they share. */
static void check_handed(const char *conninfo, const char *variable, const char *password,
                         const char *name)
{
    if (variable)
        setenv("PGPASSWORD", variable, 1);
    else
        unsetenv("PGPASSWORD");
    int fd = -1;
    char *open = NULL;
    ok(pilot_conninfo_hand_over(conninfo, &fd, &open, &error) == PILOT_OK, "%s: is handed over",
       name);
    ok(*open && !pilot_conninfo_holds_secret(open), "%s: the rest is not empty, nor secret", name);
    ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "%s: nobody else inherits it", name);
    char number[16];
    snprintf(number, sizeof number, "%d", fd);
    setenv(PILOT_CONNINFO_SECRET_FD, number, 1);
    unsetenv("PGPASSWORD");
    char *whole = pilot_conninfo_complete(open);
    char *got PILOT_AUTOFREE = value_of(whole, "password");
    is_text(got ? got : "", password, "%s: the password arrives", name);
    is_text(getenv("PGPASSWORD") ? getenv("PGPASSWORD") : "", variable ? variable : "",
            "%s: and PGPASSWORD, as such", name);
    ok(!getenv(PILOT_CONNINFO_SECRET_FD) && fcntl(fd, F_GETFD) < 0, "%s: once", name);
    char *again PILOT_AUTOFREE = pilot_conninfo_complete("dbname=d");
    is_text(again, "dbname=d", "%s: without a descriptor the string stays", name);
    pilot_conninfo_wipe(whole);
    free(open);
    unsetenv("PGPASSWORD");
}

static void test_handed_over(void)
{
    check_handed("dbname=d password='a \\'b'", NULL, "a 'b", "in the string");
    check_handed("service=s", "from variable", "", "in the variable");
    check_handed("password=x", "y", "x", "in both");
    check_handed("dbname=d", NULL, "", "nowhere");
    char *large PILOT_AUTOFREE = pilot_alloc(6000, 1);
    memset(large, 'x', 5999);
    setenv("PGPASSWORD", large, 1);
    int fd = -1;
    char *open = NULL;
    ok(pilot_conninfo_hand_over("dbname=d", &fd, &open, &error) == PILOT_E_USAGE && fd == -1,
       "one that does not fit into a pipe is refused");
    unsetenv("PGPASSWORD");
    setenv(PILOT_CONNINFO_SECRET_FD, "2", 1);
    char *stderr_is_no_secret PILOT_AUTOFREE = pilot_conninfo_complete("dbname=d");
    is_text(stderr_is_no_secret, "dbname=d", "stdin, stdout and stderr are never read");
}

int main(void)
{
    test_split();
    test_refused();
    test_handed_over();
    pilot_conninfo_no_core();
    struct rlimit limit;
    ok(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur <= 1, "no core file is written");
    return tap_done();
}

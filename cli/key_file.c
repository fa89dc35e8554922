#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "pilot/text.h"

#define LONGEST_FILE 16384
#define FIRST_LINE "pilot unit key 1"

/* ---- names ----------------------------------------------------------------------------------- */

pilot_status_t pilot_key_folder(const char *given, char **ret_folder, pilot_error_t *error)
{
    if (given && *given) {
        *ret_folder = pilot_strdup(given);
        return PILOT_OK;
    }
    const char *config = getenv("XDG_CONFIG_HOME");
    if (config && *config == '/') {
        *ret_folder = pilot_format("%s/pilot/keys", config);
        return PILOT_OK;
    }
    const char *home = getenv("HOME");
    const struct passwd *person = home && *home == '/' ? NULL : getpwuid(geteuid());
    if (person)
        home = person->pw_dir;
    if (!home || *home != '/')
        return pilot_error_set(error, PILOT_E_USAGE,
                               "there is no home folder to keep keys in; say where with --keys DIR "
                               "or PILOT_KEYS");
    *ret_folder = pilot_format("%s/.config/pilot/keys", home);
    return PILOT_OK;
}

char *pilot_key_path(const char *folder, const pilot_key_owner_t *owner)
{
    uint8_t digest[PILOT_SHA256_SIZE];
    char hex[33];
    pilot_sha256_of(owner->agency, owner->agency_length, digest);
    pilot_hex(digest, 16, hex);
    return pilot_format("%s/%s-%s.key", folder, owner->pilot, hex);
}

static pilot_status_t refuse(const char *path, const char *why, pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_FILE, "the key file %s %s", path, why);
}

/* ---- contents -------------------------------------------------------------------------------- */

static void compose(const pilot_key_owner_t *owner, const uint8_t key[PILOT_UNIT_KEY_SIZE],
                    pilot_text_t *text)
{
    char hex[2 * PILOT_UNIT_KEY_SIZE + 1];
    pilot_pseudonym_t *pseudonym = pilot_pseudonym_new(key);
    pilot_text_reserve(text, LONGEST_FILE); /* it never moves, so that one place is overwritten */
    pilot_text_appendf(text, FIRST_LINE "\npilot: %s\nagency: ", owner->pilot);
    pilot_text_append_json(text, owner->agency, owner->agency_length);
    char made_at[PILOT_UTC_SIZE];
    pilot_clock_utc(made_at);
    pilot_text_append(text, "\nmade: ");
    pilot_text_append(text, made_at);
    pilot_text_appendf(text, "\nfingerprint: %s\n", pilot_pseudonym_fingerprint(pseudonym));
    pilot_text_append(
        text, "# With this key the ids of this agency's units become pseudonyms before they "
              "leave it.\n# Keep it secret, and keep a copy in a safe place: without it new "
              "data cannot be matched\n# with what was submitted before.  Nobody else has "
              "it.\n");
    pilot_hex(key, PILOT_UNIT_KEY_SIZE, hex);
    pilot_text_appendf(text, "key: %s\n", hex);
    pilot_forget(hex, sizeof hex);
    pilot_pseudonym_free(pseudonym);
}

static void forget_text(pilot_text_t *text)
{
    pilot_forget(text->data, text->length);
    pilot_text_clear(text);
}

/* The value of the line that begins so; NULL when there is none. */
static const char *value_of(const char *text, const char *name, size_t *ret_length)
{
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0) {
            const char *end = strchr(line, '\n');
            *ret_length = end ? (size_t)(end - line) - length : 0; /* a cut line has no end */
            return end ? line + length : NULL;
        }
    }
    return NULL;
}

static bool is_value(const char *text, const char *name, const char *wanted, size_t wanted_length)
{
    size_t length = 0;
    const char *value = value_of(text, name, &length);
    return value && length == wanted_length && memcmp(value, wanted, length) == 0;
}

static pilot_status_t parse(const char *path, const char *text, const pilot_key_owner_t *owner,
                            uint8_t ret_key[PILOT_UNIT_KEY_SIZE], pilot_error_t *error)
{
    static const char damaged[] =
        "is damaged; put your backup of it in its place (pilot key ... --import FILE)";
    size_t length = 0;
    if (strncmp(text, FIRST_LINE "\n", sizeof FIRST_LINE) != 0)
        return refuse(path, *text ? "is not a key of pilot's" : damaged, error);
    const char *key = value_of(text, "key: ", &length);
    if (!key || !pilot_unit_key_parse(key, length, ret_key))
        return refuse(path, damaged, error);
    pilot_pseudonym_t *pseudonym = pilot_pseudonym_new(ret_key);
    bool sound = is_value(text, "fingerprint: ", pilot_pseudonym_fingerprint(pseudonym),
                          PILOT_SHA256_HEX_SIZE - 1);
    pilot_pseudonym_free(pseudonym);
    pilot_text_t agency = PILOT_TEXT_INIT;
    pilot_text_append_json(&agency, owner->agency, owner->agency_length);
    bool own = is_value(text, "pilot: ", owner->pilot, strlen(owner->pilot)) &&
               is_value(text, "agency: ", agency.data, agency.length);
    pilot_text_clear(&agency);
    if (!sound)
        return refuse(path, damaged, error);
    return own ? PILOT_OK : refuse(path, "is the key of another pilot or agency", error);
}

/* ---- reading --------------------------------------------------------------------------------- */

static pilot_status_t check_file(const char *path, int fd, pilot_error_t *error)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return refuse(path, strerror(errno), error);
    if (!S_ISREG(about.st_mode))
        return refuse(path, "is no regular file", error);
    if (about.st_uid != geteuid() && about.st_uid != 0)
        return refuse(path, "belongs to another user of this machine", error);
    if (about.st_mode & 077) {
        char why[128];
        snprintf(why, sizeof why,
                 "can be read or written by others (mode %04o): chmod 600 it, and consider who may "
                 "have read it",
                 (unsigned)(about.st_mode & 07777));
        return refuse(path, why, error);
    }
    return PILOT_OK;
}

static pilot_status_t read_all(const char *path, int fd, char text[LONGEST_FILE],
                               pilot_error_t *error)
{
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, text + length, LONGEST_FILE - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return refuse(path, strerror(errno), error);
        if (got == 0)
            break;
        length += (size_t)got;
        if (length == LONGEST_FILE - 1)
            return refuse(path, "is not a key of pilot's: it is too long", error);
    }
    text[length] = '\0';
    return PILOT_OK;
}

static pilot_status_t read_key(const char *path, const pilot_key_owner_t *owner, bool copy,
                               uint8_t ret_key[PILOT_UNIT_KEY_SIZE], bool *ret_found,
                               pilot_error_t *error)
{
    *ret_found = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return PILOT_OK;
    if (fd < 0 && errno == ELOOP)
        return refuse(path, "is a symbolic link: put the key itself there", error);
    if (fd < 0) {
        char *why PILOT_AUTOFREE = pilot_format("cannot be read: %s", strerror(errno));
        return refuse(path, why, error);
    }
    char *text = pilot_alloc(LONGEST_FILE, 1);
    pilot_status_t status = copy ? PILOT_OK : check_file(path, fd, error);
    if (!status)
        status = read_all(path, fd, text, error);
    if (!status)
        status = parse(path, text, owner, ret_key, error);
    *ret_found = !status;
    pilot_forget(text, LONGEST_FILE);
    free(text);
    close(fd);
    return status;
}

pilot_status_t pilot_key_read(const char *path, const pilot_key_owner_t *owner,
                              uint8_t ret_key[PILOT_UNIT_KEY_SIZE], bool *ret_found,
                              pilot_error_t *error)
{
    return read_key(path, owner, false, ret_key, ret_found, error);
}

pilot_status_t pilot_key_read_copy(const char *path, const pilot_key_owner_t *owner,
                                   uint8_t ret_key[PILOT_UNIT_KEY_SIZE], pilot_error_t *error)
{
    bool found = false;
    pilot_status_t status = read_key(path, owner, true, ret_key, &found, error);
    return status || found ? status : refuse(path, "is not there", error);
}

/* ---- writing --------------------------------------------------------------------------------- */

static pilot_status_t make_folder(const char *folder, pilot_error_t *error)
{
    char *partial PILOT_AUTOFREE = pilot_strdup(folder);
    for (char *slash = partial; slash; *slash = '/') {
        slash = strchr(slash + 1, '/');
        if (!slash)
            break;
        *slash = '\0';
        mkdir(partial, 0700); /* the last one tells whether all went well */
    }
    struct stat about;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return pilot_error_set(error, PILOT_E_FILE,
                               "cannot make the folder %s to keep a key in: %s; say where with "
                               "--keys DIR or PILOT_KEYS",
                               folder, strerror(errno));
    if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
        return pilot_error_set(error, PILOT_E_FILE, "%s, where keys are kept, is no folder",
                               folder);
    if ((about.st_uid != geteuid() && about.st_uid != 0) || about.st_mode & 022)
        return pilot_error_set(error, PILOT_E_FILE,
                               "others may write to %s, where keys are kept: chmod 700 it", folder);
    return PILOT_OK;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, bytes, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes += done;
        length -= (size_t)done;
    }
    return true;
}

static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool well = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (fd >= 0)
        close(fd);
    return well;
}

/* A file that is complete gets the name only if nobody has it: a link never replaces one. */
static bool place(const char *temporary, const char *path, bool *ret_exists)
{
    if (link(temporary, path) == 0)
        return true;
    if (errno == EEXIST) {
        *ret_exists = true;
        return true;
    }
    /* Some file systems know no links. */
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    *ret_exists = errno == EEXIST;
    return *ret_exists;
}

static pilot_status_t write_key(const char *path, const pilot_key_owner_t *owner, bool copy,
                                const uint8_t key[PILOT_UNIT_KEY_SIZE], bool *ret_exists,
                                pilot_error_t *error)
{
    *ret_exists = false;
    const char *slash = strrchr(path, '/');
    char *folder PILOT_AUTOFREE = slash == path ? pilot_strdup("/")
                                  : slash       ? pilot_strndup(path, (size_t)(slash - path))
                                                : pilot_strdup(".");
    pilot_status_t status = copy ? PILOT_OK : make_folder(folder, error);
    if (status)
        return status;
    char *temporary PILOT_AUTOFREE = pilot_format("%s/.new-key-XXXXXX", folder);
    int fd = mkostemp(temporary, O_CLOEXEC); /* 0600, O_EXCL */
    bool well = fd >= 0, made = well;
    pilot_text_t text = PILOT_TEXT_INIT;
    if (well) {
        compose(owner, key, &text);
        well = fchmod(fd, 0600) == 0 && write_all(fd, text.data, text.length) && fsync(fd) == 0;
        forget_text(&text);
    }
    well = well && place(temporary, path, ret_exists);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (made)
        unlink(temporary);
    if (well && !sync_folder(folder)) {
        reason = errno;
        well = false;
    }
    return well ? PILOT_OK
                : pilot_error_set(error, PILOT_E_FILE,
                                  "cannot write the key file %s: %s; nothing was sent", path,
                                  strerror(reason));
}

pilot_status_t pilot_key_write(const char *path, const pilot_key_owner_t *owner,
                               const uint8_t key[PILOT_UNIT_KEY_SIZE], bool *ret_exists,
                               pilot_error_t *error)
{
    return write_key(path, owner, false, key, ret_exists, error);
}

pilot_status_t pilot_key_write_copy(const char *path, const pilot_key_owner_t *owner,
                                    const uint8_t key[PILOT_UNIT_KEY_SIZE], pilot_error_t *error)
{
    bool exists = false;
    pilot_status_t status = write_key(path, owner, true, key, &exists, error);
    if (!status && exists)
        return pilot_error_set(error, PILOT_E_FILE, "%s is there already: give another name", path);
    return status;
}

pilot_status_t pilot_key_take(const char *path, const pilot_key_owner_t *owner,
                              uint8_t ret_key[PILOT_UNIT_KEY_SIZE], bool *ret_made,
                              pilot_error_t *error)
{
    bool found = false, exists = false;
    *ret_made = false;
    pilot_status_t status = pilot_key_read(path, owner, ret_key, &found, error);
    if (status || found)
        return status;
    pilot_unit_key_random(ret_key);
    status = pilot_key_write(path, owner, ret_key, &exists, error);
    *ret_made = !status && !exists;
    if (!status && exists)
        status = pilot_key_read(path, owner, ret_key, &found, error);
    return status;
}

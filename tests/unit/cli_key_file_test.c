/* The file with an agency's key: how it is made, and every way in which it can be ill. */
#include "../../cli/key_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cli/keyring.h"
#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/text.h"

static const pilot_key_owner_t owner = {"reading", "N\xc3\xb6rd \"1\"\n", 10};
static char *folder, *path;

static char *read_text(const char *name)
{
    static char text[20000];
    FILE *file = fopen(name, "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = '\0';
    if (file)
        fclose(file);
    return text;
}

static void write_text(const char *name, const char *text, mode_t mode)
{
    unlink(name);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode))
        printf("Bail out! %s cannot be written\n", name);
    close(fd);
}

static void refused(const char *why, const char *name)
{
    uint8_t key[PILOT_UNIT_KEY_SIZE];
    bool found = true;
    pilot_error_t error = {0};
    pilot_status_t status = pilot_key_read(path, &owner, key, &found, &error);
    ok(status == PILOT_E_FILE && !found && strstr(error.message, path) &&
           strstr(error.message, why),
       "%s: %s", name, error.message);
}

static void test_made(uint8_t key[PILOT_UNIT_KEY_SIZE])
{
    uint8_t again[PILOT_UNIT_KEY_SIZE];
    bool found = true, made = false;
    struct stat about;
    ok(pilot_key_read(path, &owner, key, &found, NULL) == PILOT_OK && !found, "there is none yet");
    ok(pilot_key_take(path, &owner, key, &made, NULL) == PILOT_OK && made, "one is made");
    ok(stat(path, &about) == 0 && (about.st_mode & 07777) == 0600, "for the person alone");
    ok(stat(folder, &about) == 0 && (about.st_mode & 07777) == 0700, "in a folder of her own");
    ok(pilot_key_take(path, &owner, again, &made, NULL) == PILOT_OK && !made &&
           memcmp(key, again, sizeof again) == 0,
       "the next time it is the same");
    const char *text = read_text(path);
    ok(strstr(text, "pilot: reading\n") && strstr(text, "agency: \"N\xc3\xb6rd \\\"1\\\"\\n\"\n") &&
           strstr(text, "fingerprint: "),
       "it tells a person what it is");
    size_t files = 0;
    DIR *listing = opendir(folder);
    while (listing && readdir(listing))
        files++;
    closedir(listing);
    ok(files == 3, "nothing else is left in the folder");
}

static void test_ill(const uint8_t key[PILOT_UNIT_KEY_SIZE])
{
    char *sound PILOT_AUTOFREE = pilot_strdup(read_text(path));
    char *part PILOT_AUTOFREE = pilot_strdup(sound);
    char *aside PILOT_AUTOFREE = pilot_format("%s.aside", path);
    size_t length = strlen(sound);
    chmod(path, 0640);
    refused("chmod 600", "others may read it");
    chmod(path, 0602);
    refused("chmod 600", "others may write it");
    chmod(path, 0600);
    rename(path, aside);
    if (symlink(aside, path))
        ok(false, "no symbolic link");
    refused("symbolic link", "a link");
    unlink(path);
    mkdir(path, 0700);
    refused("no regular file", "a folder");
    rmdir(path);
    mkfifo(path, 0600);
    refused("no regular file", "a pipe, which is not waited for");
    unlink(path);
    size_t accepted = 0;
    for (size_t keep = 0; keep < length; keep++) {
        uint8_t got[PILOT_UNIT_KEY_SIZE];
        bool found;
        part[keep] = '\0';
        write_text(path, part, 0600);
        accepted += pilot_key_read(path, &owner, got, &found, NULL) == PILOT_OK;
        part[keep] = sound[keep];
    }
    ok(accepted == 0, "cut anywhere, it is refused");
    write_text(path, "", 0600);
    refused("damaged", "empty");
    char *digit = strstr(part, "\nkey: ") + 20;
    *digit = *digit == '0' ? '1' : '0';
    write_text(path, part, 0600);
    refused("damaged", "one digit changed");
    *digit = sound[digit - part];
    *strstr(part, "reading") = 'l';
    write_text(path, part, 0600);
    refused("another pilot or agency", "another pilot's");
    write_text(path, "-----BEGIN PRIVATE KEY-----\n", 0600);
    refused("is not a key of pilot's", "something else");
    char *long_text PILOT_AUTOFREE = pilot_alloc(20000, 1);
    memset(long_text, 'x', 19999);
    write_text(path, long_text, 0600);
    refused("too long", "too long");
    rename(aside, path);
    uint8_t got[PILOT_UNIT_KEY_SIZE];
    bool found = false;
    ok(pilot_key_read(path, &owner, got, &found, NULL) == PILOT_OK && found &&
           memcmp(key, got, sizeof got) == 0,
       "the sound one is read again");
    if (geteuid() == 0 && chown(path, 65534, 65534) == 0) {
        refused("belongs to another user", "another user's");
        if (chown(path, 0, 0))
            ok(false, "chown");
    } else
        ok(true, "another user's # SKIP not root");
}

static void test_unwritable(void)
{
    uint8_t key[PILOT_UNIT_KEY_SIZE] = {1};
    bool exists;
    pilot_error_t error = {0};
    char *other PILOT_AUTOFREE = pilot_format("%s/other", folder);
    mkdir(other, 0700);
    chmod(other, 0777);
    char *file PILOT_AUTOFREE = pilot_key_path(other, &owner);
    ok(pilot_key_write(file, &owner, key, &exists, &error) == PILOT_E_FILE &&
           strstr(error.message, "chmod 700"),
       "a folder that others may write to: %s", error.message);
    chmod(other, 0700);
    char *below PILOT_AUTOFREE = pilot_format("%s/a.key", path); /* path is a file */
    ok(pilot_key_write(below, &owner, key, &exists, &error) == PILOT_E_FILE &&
           strstr(error.message, "is no folder"),
       "a folder that cannot be made: %s", error.message);
    char *nowhere PILOT_AUTOFREE = pilot_key_path("/proc/keys/a", &owner);
    ok(pilot_key_write(nowhere, &owner, key, &exists, &error) == PILOT_E_FILE,
       "a folder where nothing can be made: %s", error.message);
    struct rlimit limit, before;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 100;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    pilot_status_t status = pilot_key_write(file, &owner, key, &exists, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    ok(status == PILOT_E_FILE && strstr(error.message, "nothing was sent") &&
           access(file, F_OK) != 0,
       "no room for all of it: %s", error.message);
    ok(rmdir(other) == 0, "nothing of it is left");
}

typedef struct racer {
    const char *path;
    uint8_t key[PILOT_UNIT_KEY_SIZE];
    bool made;
    pilot_status_t status;
} racer_t;

static void *race(void *context)
{
    racer_t *racer = context;
    racer->status = pilot_key_take(racer->path, &owner, racer->key, &racer->made, NULL);
    return NULL;
}

static void test_race(void)
{
    size_t one_key = 0, one_maker = 0;
    for (int round = 0; round < 50; round++) {
        racer_t racer[4] = {0};
        pthread_t thread[4];
        char *file PILOT_AUTOFREE = pilot_format("%s/race/%d.key", folder, round);
        size_t made = 0, same = 0;
        for (int i = 0; i < 4; i++) {
            racer[i].path = file;
            pthread_create(&thread[i], NULL, race, &racer[i]);
        }
        for (int i = 0; i < 4; i++) {
            pthread_join(thread[i], NULL);
            made += racer[i].made;
            same += !racer[i].status && !memcmp(racer[i].key, racer[0].key, sizeof racer[i].key);
        }
        one_key += same == 4;
        one_maker += made == 1;
        unlink(file);
    }
    ok(one_key == 50, "four at once have one key, 50 times");
    ok(one_maker == 50, "and one of them made it");
}

static void test_copies(const uint8_t key[PILOT_UNIT_KEY_SIZE])
{
    uint8_t got[PILOT_UNIT_KEY_SIZE];
    pilot_error_t error = {0};
    char *copy PILOT_AUTOFREE = pilot_format("%s/copy", folder);
    ok(pilot_key_read_copy(copy, &owner, got, &error) == PILOT_E_FILE &&
           strstr(error.message, "not there"),
       "a copy that is not there");
    ok(pilot_key_write_copy(copy, &owner, key, NULL) == PILOT_OK, "a copy is written");
    chmod(copy, 0644);
    ok(pilot_key_read_copy(copy, &owner, got, NULL) == PILOT_OK &&
           memcmp(got, key, sizeof got) == 0,
       "and read, whoever may read it");
    ok(pilot_key_write_copy(copy, &owner, key, &error) == PILOT_E_FILE &&
           strstr(error.message, "there already"),
       "nothing is overwritten");
    const pilot_key_owner_t other = {"reading", "South", 5};
    ok(pilot_key_read_copy(copy, &other, got, &error) == PILOT_E_FILE,
       "another agency's is refused");
}

static void test_names(void)
{
    char *found = NULL;
    setenv("XDG_CONFIG_HOME", "/x", 1);
    ok(pilot_key_folder(NULL, &found, NULL) == PILOT_OK, "a folder by default");
    is_text(found, "/x/pilot/keys", "under XDG_CONFIG_HOME");
    free(found);
    setenv("XDG_CONFIG_HOME", "relative", 1);
    setenv("HOME", "/home/a", 1);
    ok(pilot_key_folder("", &found, NULL) == PILOT_OK, "a relative one is no one");
    is_text(found, "/home/a/.config/pilot/keys", "then under HOME");
    free(found);
    ok(pilot_key_folder("k", &found, NULL) == PILOT_OK && strcmp(found, "k") == 0, "as given");
    free(found);
    const pilot_key_owner_t evil = {"p", "../../etc/passwd", 16}, twin = {"p", "..", 2};
    char *one PILOT_AUTOFREE = pilot_key_path("/k", &evil);
    char *two PILOT_AUTOFREE = pilot_key_path("/k", &twin);
    ok(strncmp(one, "/k/p-", 5) == 0 && strlen(one) == 5 + 32 + 4 && !strchr(one + 3, '/'),
       "any agency's name makes a file's name");
    ok(strcmp(one, two) != 0, "and another agency's another");
}

static void test_keyring(void)
{
    pilot_keyring_t *ring = NULL;
    pilot_pseudonym_t *one = NULL, *two = NULL, *pretended = NULL;
    char *place PILOT_AUTOFREE = pilot_format("%s/ring", folder);
    pilot_error_t error = {0};
    pilot_keyring_open(place, "reading", PILOT_KEY_NEEDED, &ring, NULL);
    ok(pilot_keyring_get(ring, "a", 1, &one, &error) == PILOT_E_FILE &&
           strstr(error.message, "has no key"),
       "a key that is needed is not made: %s", error.message);
    pilot_keyring_free(ring);
    pilot_keyring_open(place, "reading", PILOT_KEY_PRETEND, &ring, NULL);
    ok(pilot_keyring_get(ring, "a", 1, &pretended, NULL) == PILOT_OK && access(place, F_OK) != 0,
       "a pretended one leaves no file");
    pilot_keyring_free(ring);
    pilot_keyring_open(place, "reading", PILOT_KEY_MAKE, &ring, NULL);
    ok(pilot_keyring_get(ring, "a", 1, &one, NULL) == PILOT_OK &&
           pilot_keyring_get(ring, "b", 1, &two, NULL) == PILOT_OK,
       "two agencies");
    ok(strcmp(pilot_pseudonym_fingerprint(one), pilot_pseudonym_fingerprint(two)) != 0,
       "have two keys");
    pilot_pseudonym_t *again = NULL;
    ok(pilot_keyring_get(ring, "a", 1, &again, NULL) == PILOT_OK && again == one, "each one");
    pilot_keyring_free(ring);
    pilot_keyring_free(NULL);
}

int main(void)
{
    char home[] = "/tmp/pilot-key-XXXXXX";
    uint8_t key[PILOT_UNIT_KEY_SIZE];
    umask(0);
    if (!mkdtemp(home))
        return 1;
    folder = pilot_format("%s/config/keys", home);
    path = pilot_key_path(folder, &owner);
    test_names();
    test_made(key);
    test_ill(key);
    test_unwritable();
    test_race();
    test_copies(key);
    test_keyring();
    char *clean PILOT_AUTOFREE = pilot_format("rm -rf '%s'", home);
    if (system(clean))
        ok(false, "not cleaned up");
    free(folder);
    free(path);
    return tap_done();
}

/* cmd_key.c - `pilot key PILOT --agency NAME`: an agency's key of pseudonyms, and its copies. */
#include <stdlib.h>

#include "commands.h"
#include "pilot/memory.h"
#include "unit_ids.h"

typedef struct key_request {
    const char *agency, *export, *import, *reset, *file_hash, *keys;
    bool fingerprint;
} key_request_t;

static pilot_status_t check_pilot(const char *pilot, pilot_error_t *error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t length = strlen(pilot);
    if (length > 0 && length <= 48 && strspn(pilot, letters) == length && pilot[0] >= 'a')
        return PILOT_OK;
    return pilot_error_set(error, PILOT_E_USAGE, "'%.60s' is no pilot's name", pilot);
}

/* The fingerprint of a key in its file; caller frees. */
static char *fingerprint_of(const uint8_t key[PILOT_UNIT_KEY_SIZE])
{
    pilot_pseudonym_t *pseudonym = pilot_pseudonym_new(key);
    char *text = pilot_strdup(pilot_pseudonym_fingerprint(pseudonym));
    pilot_pseudonym_free(pseudonym);
    return text;
}

static pilot_status_t import_key(const char *path, const pilot_key_owner_t *owner, const char *from,
                                 uint8_t *key, pilot_error_t *error)
{
    bool exists = false;
    pilot_status_t status = pilot_key_read_copy(from, owner, key, error);
    char *wanted PILOT_AUTOFREE = status ? NULL : fingerprint_of(key);
    if (!status)
        status = pilot_key_write(path, owner, key, &exists, error);
    if (status)
        return status;
    if (!exists) {
        pilot_say("the key is in its place: %s", path);
        return PILOT_OK;
    }
    bool found = false;
    if (pilot_key_read(path, owner, key, &found, NULL) || !found)
        return pilot_error_set(error, PILOT_E_FILE,
                               "what is at %s is no sound key: move it away, and import again",
                               path);
    char *there PILOT_AUTOFREE = fingerprint_of(key);
    if (strcmp(there, wanted) == 0) {
        pilot_say("the same key is there already: %s", path);
        return PILOT_OK;
    }
    return pilot_error_set(
        error, PILOT_E_FILE,
        "another key is there already: %s; if nothing was submitted with it, move "
        "it away first",
        path);
}

static pilot_status_t file_hash(const uint8_t *key, const char *path, pilot_error_t *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return pilot_error_set(error, PILOT_E_FILE, "%s: cannot be read", path);
    pilot_sha256_t *hash = pilot_sha256_new();
    char buffer[65536], hex[PILOT_SHA256_HEX_SIZE];
    uint8_t digest[PILOT_SHA256_SIZE];
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
        pilot_sha256_update(hash, buffer, got);
    bool failed = ferror(file);
    fclose(file);
    pilot_sha256_finish(hash, digest);
    pilot_sha256_free(hash);
    if (failed)
        return pilot_error_set(error, PILOT_E_FILE, "%s: cannot be read", path);
    pilot_hex(digest, sizeof digest, hex);
    pilot_hmac_sha256(key, PILOT_UNIT_KEY_SIZE, hex, strlen(hex), digest);
    pilot_hex(digest, sizeof digest, hex);
    puts(hex);
    return PILOT_OK;
}

static pilot_status_t show(const char *path, const pilot_key_owner_t *owner,
                           const key_request_t *request, uint8_t *key, pilot_error_t *error)
{
    bool found = false;
    pilot_status_t status = pilot_key_read(path, owner, key, &found, error);
    if (!status && !found)
        return pilot_error_set(
            error, PILOT_E_FILE,
            "there is no %s: it is made at the first submission, or brought from "
            "a copy with --import FILE",
            path);
    if (status)
        return status;
    if (request->file_hash)
        return file_hash(key, request->file_hash, error);
    if (request->export) {
        status = pilot_key_write_copy(request->export, owner, key, error);
        if (!status)
            pilot_say("a copy of the key is in %s: whoever has it can tell the units by their "
                      "pseudonyms",
                      request->export);
        return status;
    }
    char *fingerprint PILOT_AUTOFREE = fingerprint_of(key);
    if (request->fingerprint)
        puts(fingerprint);
    else
        printf("file: %s\nfingerprint: %s\n", path, fingerprint);
    return PILOT_OK;
}

static pilot_status_t reset(pilot_context_t *context, const char *pilot,
                            const key_request_t *request, pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_context_db(context, &db, error);
    if (!status)
        status = pilot_db_run(db, NULL, error, "SELECT registry.reset_unit_key($1, $2, $3)", 3,
                              pilot, request->agency, request->reset);
    if (!status)
        pilot_say(
            "agency %s may come with another key: its next submission cannot be compared with "
            "earlier ones unit by unit, and a registered assignment of its units no longer "
            "fits",
            request->agency);
    return status;
}

static pilot_status_t begin(pilot_context_t *context, const char *pilot,
                            const key_request_t *request, pilot_error_t *error)
{
    int acts = request->fingerprint + (request->export != NULL) + (request->import != NULL) +
               (request->reset != NULL) + (request->file_hash != NULL);
    if (acts > 1)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--fingerprint, --export, --import, --file-hash and --reset exclude "
                               "each other");
    if (!request->agency || !*request->agency)
        return pilot_error_set(error, PILOT_E_USAGE, "say whose key it is with --agency NAME");
    if (request->reset)
        return reset(context, pilot, request, error);
    char *folder PILOT_AUTOFREE = NULL;
    pilot_status_t status = pilot_key_folder(request->keys, &folder, error);
    if (status)
        return status;
    const pilot_key_owner_t owner = {pilot, request->agency, strlen(request->agency)};
    char *path PILOT_AUTOFREE = pilot_key_path(folder, &owner);
    uint8_t *key = pilot_unit_key_new();
    status = request->import ? import_key(path, &owner, request->import, key, error)
                             : show(path, &owner, request, key, error);
    pilot_unit_key_free(key);
    return status;
}

pilot_status_t pilot_cmd_key(pilot_context_t *context, int argc, char **argv, pilot_error_t *error)
{
    key_request_t request = {0};
    const pilot_option_t options[] = {
        {.name = "agency",
         .type = PILOT_OPTION_TEXT,
         .target = &request.agency,
         .argument = "NAME",
         .help = "whose key"},
        {.name = "fingerprint",
         .type = PILOT_OPTION_FLAG,
         .target = &request.fingerprint,
         .help = "print what the server knows of the key, and nothing else"},
        {.name = "export",
         .type = PILOT_OPTION_TEXT,
         .target = &request.export,
         .argument = "FILE",
         .help = "write a copy, to be kept in a safe place"},
        {.name = "import",
         .type = PILOT_OPTION_TEXT,
         .target = &request.import,
         .argument = "FILE",
         .help = "put a copy in its place on this machine"},
        {.name = "file-hash",
         .type = PILOT_OPTION_TEXT,
         .target = &request.file_hash,
         .argument = "DATA.csv",
         .help = "print file_sha256 of a submission of this file, as the server has it"},
        {.name = "reset",
         .type = PILOT_OPTION_TEXT,
         .target = &request.reset,
         .argument = "REASON",
         .help = "owners of the database: let the agency, which lost it, come with another key"},
        PILOT_KEYS_OPTION(&request.keys),
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT",
        "Tells where the key is with which an agency makes pseudonyms of its units, and its "
        "fingerprint.  Needs no database, but for --reset.",
        1, 1, argc, argv, &operands, error);
    if (!status && !context->done)
        status = check_pilot(argv[1], error);
    if (status || context->done)
        return status;
    return begin(context, argv[1], &request, error);
}

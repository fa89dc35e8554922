/* Rows by way of a temporary file come back whole, in order, however many agencies share it. */
#include "../../cli/intake_spill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/tap.h"
#include "pilot/memory.h"

/* A record whose bytes tell which one it is. */
static pilot_record_t *make_record(uint32_t agency, uint32_t row, uint32_t size)
{
    pilot_record_t *record = pilot_alloc(1, size);
    record->size = size;
    record->agency = agency;
    record->row = row;
    memset(record + 1, (int)(agency + row) & 0xff, size - sizeof *record);
    return record;
}

static bool is_record(const pilot_record_t *record, uint32_t agency, uint32_t row)
{
    pilot_record_t *want = make_record(agency, row, record->size);
    bool same = memcmp(record, want, record->size) == 0;
    free(want);
    return same;
}

static uint32_t size_of(uint32_t row)
{
    return (uint32_t)sizeof(pilot_record_t) + 8 * (row % 30) + (row % 97 == 13 ? 40000 : 0);
}

static size_t read_agency(pilot_spill_t *spill, uint32_t agency, uint32_t agencies)
{
    pilot_spill_cursor_t cursor = {.agency = agency};
    size_t count = 0, length;
    while ((length = pilot_spill_next_length(spill, &cursor)) > 0) {
        PILOT_AUTOFREE char *bytes = pilot_alloc_raw(length, 1);
        if (pilot_spill_next(spill, &cursor, bytes, NULL))
            return 0;
        for (size_t at = 0; at < length;) {
            const pilot_record_t *record = (const pilot_record_t *)(bytes + at);
            if (!is_record(record, agency, (uint32_t)count * agencies + agency))
                return 0;
            count++;
            at += record->size;
        }
    }
    return count;
}

static void test_agencies(uint32_t agencies, uint32_t rounds)
{
    pilot_spill_t *spill = NULL;
    pilot_status_t status = pilot_spill_open(&spill, NULL);
    for (uint32_t row = 0; row < agencies * rounds && !status; row++) {
        pilot_record_t *record = make_record(row % agencies, row, size_of(row));
        status = pilot_spill_add(spill, record, NULL);
        free(record);
    }
    if (!status)
        status = pilot_spill_flush(spill, NULL);
    ok(status == PILOT_OK, "rows of %u agencies are written", agencies);
    size_t good = 0;
    for (uint32_t agency = 0; agency < agencies; agency++)
        good += read_agency(spill, agency, agencies) == rounds;
    ok(good == agencies, "rows of %u agencies come back", agencies);
    ok(read_agency(spill, agencies + 5, agencies) == 0, "an agency without rows has none");
    pilot_spill_close(spill);
}

int main(void)
{
    test_agencies(1, 5000);
    test_agencies(100, 60);
    test_agencies(20000, 7); /* more than blocks of the first size fit in memory */
    pilot_error_t error = {0};
    pilot_spill_t *spill = NULL;
    setenv("TMPDIR", "/nonexistent/folder", 1);
    ok(pilot_spill_open(&spill, &error) == PILOT_E_FILE, "a folder that is not there is an error");
    ok(strstr(error.message, "/nonexistent/folder: cannot make a temporary file") == error.message,
       "which names it");
    int fd = -1;
    unsetenv("TMPDIR");
    ok(pilot_temporary_open(&fd, &error) == PILOT_OK, "a temporary file in /tmp");
    char link[64], path[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    ok(strstr(path, "(deleted)") != NULL, "has no name");
    close(fd);
    return tap_done();
}

#include "intake_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake_spill.h"
#include "pilot/memory.h"
#include "pilot/text.h"

/* What cannot be read twice goes into a temporary file first. */
static pilot_status_t copy_bytes(const pilot_input_t *input, const char *bytes, ssize_t length,
                                 pilot_error_t *error)
{
    for (ssize_t done = 0, part; done < length; done += part) {
        part = write(input->fd, bytes + done, (size_t)(length - done));
        if (part < 0 && errno == EINTR)
            part = 0;
        if (part < 0)
            return pilot_error_set(error, PILOT_E_FILE,
                                   "%s: cannot copy it to a temporary file: %s; set TMPDIR to a "
                                   "folder with room",
                                   input->path, strerror(errno));
    }
    return PILOT_OK;
}

static pilot_status_t copy_input(pilot_input_t *input, int from, int interrupt_fd,
                                 pilot_error_t *error)
{
    pilot_status_t status = pilot_temporary_open(&input->fd, error);
    char buffer[65536];
    while (!status) {
        struct pollfd wait[2] = {{.fd = from, .events = POLLIN},
                                 {.fd = interrupt_fd, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            return pilot_error_set(error, PILOT_E_BUG, "poll: %s", strerror(errno));
        if (wait[1].revents)
            return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted; nothing was stored");
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got == 0)
            break;
        if (got > 0)
            status = copy_bytes(input, buffer, got, error);
        else if (errno != EINTR && errno != EAGAIN)
            return pilot_error_set(error, PILOT_E_FILE, "%s: cannot read: %s", input->path,
                                   strerror(errno));
    }
    return status;
}

char *pilot_input_agency(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return pilot_strndup(name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

pilot_status_t pilot_input_open(pilot_input_t *input, const char *path, bool named,
                                int interrupt_fd, pilot_error_t *error)
{
    struct stat about;
    pilot_status_t status = PILOT_OK;
    *input = (pilot_input_t){.path = path, .agency = pilot_input_agency(path), .fd = -1};
    bool is_stdin = strcmp(path, "-") == 0;
    size_t length = strlen(input->agency);
    if (named && (is_stdin || length == 0 || length > PILOT_INTAKE_LONGEST_KEPT ||
                  !pilot_utf8_valid(input->agency, length, NULL)))
        return pilot_error_set(error, PILOT_E_USAGE,
                               "%s: this file's name cannot be an agency's; give --agency NAME",
                               path);
    /* Not to wait for the other end of a pipe where no interruption is seen. */
    int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &about) != 0)
        status = pilot_error_set(error, PILOT_E_FILE, "%s: cannot open: %s", path, strerror(errno));
    else if (S_ISDIR(about.st_mode))
        status = pilot_error_set(error, PILOT_E_FILE, "%s: is a folder, not a file", path);
    else if (is_stdin || !S_ISREG(about.st_mode))
        status = copy_input(input, fd, interrupt_fd, error);
    if (fd >= 0)
        close(fd);
    return status;
}

void pilot_input_clear(pilot_input_t *input)
{
    if (input->fd >= 0)
        close(input->fd);
    free(input->agency);
    *input = (pilot_input_t){.fd = -1};
}

uint64_t pilot_input_bytes(const pilot_input_t *input)
{
    struct stat about;
    if (input->bytes)
        return input->length;
    if ((input->fd >= 0 ? fstat(input->fd, &about) : stat(input->path, &about)) != 0)
        return 0;
    return about.st_size > 0 ? (uint64_t)about.st_size : 0;
}

pilot_status_t pilot_input_read(pilot_input_t *input, pilot_reader_t *reader, uint16_t number,
                                pilot_error_t *error)
{
    uint8_t digest[PILOT_SHA256_SIZE];
    pilot_status_t status = PILOT_OK;
    if (input->bytes) {
        pilot_reader_begin(reader, number, input->agency);
        pilot_reader_feed(reader, input->bytes, input->length);
        pilot_reader_end(reader, digest);
    } else {
        int fd = input->fd >= 0 ? input->fd : open(input->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
            status = pilot_error_set(error, PILOT_E_FILE, "%s: cannot read: %s", input->path,
                                     strerror(errno));
        else
            status =
                pilot_reader_file(reader, number, input->agency, fd, input->path, digest, error);
        if (fd >= 0 && fd != input->fd)
            close(fd);
    }
    if (!status)
        pilot_hex(digest, sizeof digest, input->sha256);
    return status;
}

void pilot_input_hash_all(const pilot_input_t *input, size_t count,
                          char ret_sha256[PILOT_SHA256_HEX_SIZE])
{
    if (count == 1) {
        memcpy(ret_sha256, input[0].sha256, PILOT_SHA256_HEX_SIZE);
        return;
    }
    pilot_text_t lines = PILOT_TEXT_INIT;
    for (size_t i = 0; i < count; i++)
        pilot_text_appendf(&lines, "%s\n", input[i].sha256);
    uint8_t digest[PILOT_SHA256_SIZE];
    pilot_sha256_of(lines.data, lines.length, digest);
    pilot_hex(digest, sizeof digest, ret_sha256);
    pilot_text_clear(&lines);
}

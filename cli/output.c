#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pilot/memory.h"

static pilot_status_t cannot_write(const char *path, pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_FILE, "cannot write %s: %s", path, strerror(errno));
}

pilot_status_t pilot_output_open(const char *path, pilot_output_t *ret_output, pilot_error_t *error)
{
    *ret_output = (pilot_output_t){.file = stdout};
    if (!path || strcmp(path, "-") == 0)
        return PILOT_OK;
    ret_output->path = path;
    struct stat state;
    bool there = stat(path, &state) == 0;
    if (there && S_ISDIR(state.st_mode)) {
        errno = EISDIR;
        return cannot_write(path, error);
    }
    if (there && !S_ISREG(state.st_mode)) {
        ret_output->file = fopen(path, "we");
        return ret_output->file ? PILOT_OK : cannot_write(path, error);
    }
    ret_output->temporary = pilot_format("%s.XXXXXX", path);
    int fd = mkostemp(ret_output->temporary, O_CLOEXEC);
    if (fd < 0) {
        free(ret_output->temporary);
        ret_output->temporary = NULL;
        return cannot_write(path, error);
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, there ? state.st_mode & 0777 : 0666 & ~mask);
    ret_output->file = fdopen(fd, "w");
    if (!ret_output->file)
        pilot_out_of_memory();
    return PILOT_OK;
}

pilot_status_t pilot_output_check(const char *path, pilot_error_t *error)
{
    struct stat state;
    /* Opening a pipe would already be felt at its other end. */
    if (path && stat(path, &state) == 0 && !S_ISREG(state.st_mode) && !S_ISDIR(state.st_mode))
        return PILOT_OK;
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(path, &output, error);
    if (!status)
        pilot_output_abandon(&output);
    return status;
}

pilot_status_t pilot_output_flush(pilot_error_t *error)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return PILOT_OK;
    struct pollfd reader = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR))
        return PILOT_OK;
    return pilot_error_set(error, PILOT_E_FILE, "cannot write to standard output");
}

pilot_status_t pilot_output_finish(pilot_output_t *output, pilot_error_t *error)
{
    if (!output->path)
        return pilot_output_flush(error);
    bool sound = !ferror(output->file);
    sound = fclose(output->file) == 0 && sound;
    output->file = NULL;
    if (sound && output->temporary)
        sound = rename(output->temporary, output->path) == 0;
    pilot_status_t status = sound ? PILOT_OK : cannot_write(output->path, error);
    if (sound)
        free(output->temporary);
    else
        pilot_output_abandon(output);
    output->temporary = sound ? NULL : output->temporary;
    return status;
}

pilot_status_t pilot_output_text(const char *path, const pilot_text_t *text, pilot_error_t *error)
{
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(path, &output, error);
    if (status)
        return status;
    fwrite(text->data ? text->data : "", 1, text->length, output.file);
    return pilot_output_finish(&output, error);
}

void pilot_output_abandon(pilot_output_t *output)
{
    if (output->path && output->file)
        fclose(output->file);
    if (output->temporary)
        unlink(output->temporary);
    free(output->temporary);
    *output = (pilot_output_t){0};
}

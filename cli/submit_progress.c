#include "submit_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pilot/clock.h"

enum { BAR = 16, LINE = 128, PAUSE_MS = 100 };

static void append_bytes(char *line, size_t size, uint64_t bytes)
{
    size_t used = strlen(line);
    if (bytes < 10000000)
        snprintf(line + used, size - used, "%.1f", (double)bytes / 1e6);
    else
        snprintf(line + used, size - used, "%.0f", (double)bytes / 1e6);
}

void pilot_submit_progress_line(char *line, size_t size, const pilot_intake_progress_t *done,
                                int64_t elapsed_ms)
{
    if (done->read) {
        snprintf(line, size, "%" PRIu64 " rows read; checking and storing", done->rows);
        return;
    }
    snprintf(line, size, "%s ", done->again ? "once more" : "reading");
    size_t used = strlen(line);
    double share = done->total > 0 ? (double)done->bytes / (double)done->total : 0;
    share = share > 1 ? 1 : share;
    if (done->total > 0) {
        char bar[BAR + 1];
        memset(bar, '.', BAR);
        memset(bar, '#', (size_t)(share * BAR));
        bar[BAR] = '\0';
        snprintf(line + used, size - used, "[%s] %3.0f%%  ", bar, 100 * share);
    }
    append_bytes(line, size, done->bytes);
    if (done->total > 0) {
        used = strlen(line);
        snprintf(line + used, size - used, "/");
        append_bytes(line, size, done->total);
    }
    used = strlen(line);
    snprintf(line + used, size - used, " MB  %" PRIu64 " rows", done->rows);
    /* A rate is worth something after a while. */
    if (share > 0.01 && elapsed_ms > 2000) {
        int64_t seconds = (int64_t)((double)elapsed_ms / 1000 * (1 - share) / share + 0.999);
        used = strlen(line);
        snprintf(line + used, size - used, "  %" PRId64 ":%02" PRId64 " left", seconds / 60,
                 seconds % 60);
    }
}

void pilot_submit_progress_begin(pilot_submit_progress_t *progress, bool enabled)
{
    *progress = (pilot_submit_progress_t){.enabled = enabled, .begun_ms = pilot_clock_ms()};
}

void pilot_submit_progress_update(void *context, const pilot_intake_progress_t *done)
{
    pilot_submit_progress_t *progress = context;
    int64_t now = pilot_clock_ms();
    /* What takes no time needs no bar. */
    if (!progress->enabled || now - progress->begun_ms < PAUSE_MS ||
        (!done->read && progress->drawn && now - progress->drawn_ms < PAUSE_MS))
        return;
    char line[LINE];
    pilot_submit_progress_line(line, sizeof line, done, now - progress->begun_ms);
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    progress->drawn = true;
    progress->drawn_ms = now;
}

void pilot_submit_progress_end(pilot_submit_progress_t *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
}

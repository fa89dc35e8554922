#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pilot/clock.h"

enum { BAR = 24, LINE = 160 };

void pilot_progress_begin(pilot_progress_t *progress, bool enabled)
{
    *progress = (pilot_progress_t){.enabled = enabled, .begun_ms = pilot_clock_ms()};
}

static void append_rest(char *line, size_t size, double rate, double left)
{
    size_t length = strlen(line);
    int64_t seconds = (int64_t)(left + 0.999);
    snprintf(line + length, size - length, "  %.*f/s  %" PRId64 ":%02" PRId64 " left",
             rate < 10 ? 1 : 0, rate, seconds / 60, seconds % 60);
}

void pilot_progress_line(char *line, size_t size, int64_t done, int64_t total, int64_t failed,
                         int64_t elapsed_ms)
{
    if (total <= 0) {
        snprintf(line, size, "planning");
        return;
    }
    char bar[BAR + 1];
    int64_t filled = done >= total ? BAR : done * BAR / total;
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)filled);
    bar[BAR] = '\0';
    snprintf(line, size, "[%s] %" PRId64 "/%" PRId64 " jobs", bar, done, total);
    if (failed > 0) {
        size_t length = strlen(line);
        snprintf(line + length, size - length, ", %" PRId64 " failed", failed);
    }
    if (done > 0 && elapsed_ms > 0) {
        double rate = (double)done * 1000.0 / (double)elapsed_ms;
        append_rest(line, size, rate, (double)(total - done) / rate);
    }
}

void pilot_progress_update(pilot_progress_t *progress, int64_t done, int64_t total, int64_t failed)
{
    if (!progress->enabled)
        return;
    char line[LINE];
    pilot_progress_line(line, sizeof line, done, total, failed,
                        pilot_clock_ms() - progress->begun_ms);
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    progress->drawn = true;
}

void pilot_progress_end(pilot_progress_t *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
}

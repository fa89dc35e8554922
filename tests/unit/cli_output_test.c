#include "../../cli/output.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cli/context.h"
#include "../../cli/manual.h"
#include "../../cli/spawn.h"
#include "../harness/tap.h"
#include "pilot/memory.h"

static char folder[] = "/tmp/cli-output-XXXXXX";

static char *path_of(const char *name)
{
    return pilot_format("%s/%s", folder, name);
}

static int files(void)
{
    DIR *dir = opendir(folder);
    int count = 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static char *content(const char *path)
{
    static char text[64];
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = '\0';
    if (file)
        fclose(file);
    return text;
}

static void test_output(void)
{
    char *path PILOT_AUTOFREE = path_of("a.csv");
    pilot_output_t output;
    pilot_error_t error;
    ok(pilot_output_check(path, &error) == PILOT_OK && files() == 0, "a check leaves no file");
    ok(pilot_output_open(path, &output, &error) == PILOT_OK, "a new file opens");
    fputs("one", output.file);
    ok(access(path, F_OK) != 0, "and has no name before it is whole");
    ok(pilot_output_finish(&output, &error) == PILOT_OK, "it finishes");
    is_text(content(path), "one", "and holds what was written");
    ok(files() == 1, "nothing else is left");

    chmod(path, 0640);
    ok(pilot_output_open(path, &output, &error) == PILOT_OK, "an existing file opens");
    fputs("two", output.file);
    is_text(content(path), "one", "and is untouched meanwhile");
    pilot_output_abandon(&output);
    is_text(content(path), "one", "an abandoned output changes nothing");
    ok(files() == 1, "and leaves nothing");
    ok(pilot_output_open(path, &output, &error) == PILOT_OK, "once more");
    fputs("two", output.file);
    ok(pilot_output_finish(&output, &error) == PILOT_OK, "to its end");
    struct stat state;
    stat(path, &state);
    is_text(content(path), "two", "it is replaced");
    ok((state.st_mode & 0777) == 0640, "and keeps its rights");

    char *nowhere PILOT_AUTOFREE = path_of("none/a.csv");
    ok(pilot_output_open(nowhere, &output, &error) == PILOT_E_FILE, "no such folder");
    ok(strstr(error.message, nowhere) != NULL, "is named");
    ok(pilot_output_check(folder, &error) == PILOT_E_FILE, "a folder is no file");
    ok(pilot_output_open("/dev/null", &output, &error) == PILOT_OK && !output.temporary,
       "a device is written directly");
    ok(pilot_output_finish(&output, &error) == PILOT_OK, "and closed");
    ok(pilot_output_open("/dev/full", &output, &error) == PILOT_OK, "a full disk opens");
    fputs("three", output.file);
    ok(pilot_output_finish(&output, &error) == PILOT_E_FILE, "and fails at the end");
    unlink(path);
}

static void flags(const pilot_context_t *context, const char *want, const char *name)
{
    char *got PILOT_AUTOFREE = pilot_context_flags(context);
    is_text(got, want, "%s", name);
}

static void test_flags(void)
{
    pilot_context_t context = {.embedded = true};
    flags(&context, "", "the default directory needs no flag");
    context.dir = "/srv/it's here";
    context.dir_source = PILOT_SOURCE_FLAG;
    flags(&context, " --dir '/srv/it'\\''s here'", "a directory is quoted for the shell");
    context.dir_source = PILOT_SOURCE_ENVIRONMENT;
    flags(&context, "", "the environment stays as it is");
    context = (pilot_context_t){.conninfo = "dbname=x", .conninfo_source = PILOT_SOURCE_FLAG};
    flags(&context, " --db dbname=x", "a server");
}

static void test_generated(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    pilot_completion_print("run --workers --dir\nstatus --dir\n", out);
    fclose(out);
    ok(strstr(text, "words='--help --version run status'"), "completion knows the commands");
    ok(strstr(text, "run) words=' --workers --dir'"), "and their options");
    free(text);
}

static void test_spawn(void)
{
    ok(pilot_spawn_started_at(getpid()) > 0, "a living process has a start");
    ok(pilot_spawn_started_at(getpid()) == pilot_spawn_started_at(getpid()), "always the same");
    ok(pilot_spawn_started_at(0) == 0, "nobody has none");
    const char *const none[] = {NULL};
    pilot_spawn_t spawn = {
        .program = "no-such-program", .argument = none, .conninfo = "", .log_fd = 2};
    pid_t pid = 0;
    pilot_error_t error;
    ok(pilot_spawn(&spawn, &pid, &error) == PILOT_E_COORDINATOR && pid == 0,
       "a program that is not there is not started");
    ok(strstr(error.message, "no-such-program") != NULL, "and named");
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    test_output();
    test_flags();
    test_generated();
    test_spawn();
    rmdir(folder);
    return tap_done();
}

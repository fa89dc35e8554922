/* manual.h - the manual page and the shell completion, around what the option tables wrote. */
#ifndef PILOT_CLI_MANUAL_H
#define PILOT_CLI_MANUAL_H

#include <stdio.h>

/* commands: the .SS sections of all subcommands. */
void pilot_manual_print(const char *commands, FILE *out);

/* commands: a line a subcommand, its name and options. */
void pilot_completion_print(const char *commands, FILE *out);

#endif

/* commands.h - the subcommands of `pilot`, one function each: argv[0] is the subcommand's name. */
#ifndef PILOT_CLI_COMMANDS_H
#define PILOT_CLI_COMMANDS_H

#include "context.h"

typedef pilot_status_t pilot_command_function_t(pilot_context_t *context, int argc, char **argv,
                                                pilot_error_t *error);

pilot_command_function_t pilot_cmd_run;
pilot_command_function_t pilot_cmd_check;
pilot_command_function_t pilot_cmd_register;
pilot_command_function_t pilot_cmd_assign;
pilot_command_function_t pilot_cmd_template;
pilot_command_function_t pilot_cmd_pseudonymize;
pilot_command_function_t pilot_cmd_key;
pilot_command_function_t pilot_cmd_submit;
pilot_command_function_t pilot_cmd_submissions;
pilot_command_function_t pilot_cmd_withdraw;
pilot_command_function_t pilot_cmd_launch;
pilot_command_function_t pilot_cmd_status;
pilot_command_function_t pilot_cmd_jobs;
pilot_command_function_t pilot_cmd_cancel;
pilot_command_function_t pilot_cmd_retry;
pilot_command_function_t pilot_cmd_results;
pilot_command_function_t pilot_cmd_report;
pilot_command_function_t pilot_cmd_compare;
pilot_command_function_t pilot_cmd_diff;
pilot_command_function_t pilot_cmd_audit;
pilot_command_function_t pilot_cmd_power;
pilot_command_function_t pilot_cmd_dashboard;
pilot_command_function_t pilot_cmd_up;
pilot_command_function_t pilot_cmd_down;
pilot_command_function_t pilot_cmd_purge;
pilot_command_function_t pilot_cmd_init;
pilot_command_function_t pilot_cmd_grant;
pilot_command_function_t pilot_cmd_revoke;
pilot_command_function_t pilot_cmd_grants;

#endif

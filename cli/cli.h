/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of coaming(1), one file each. main.c has the table.
 */
#ifndef COAMING_CLI_CLI_H
#define COAMING_CLI_CLI_H

#include "lib/err.h"

/*
 * Run one subcommand. argv[0] is its name; a --config that stood before it follows it here.
 *
 * Returns  0; negative with *err set; or the exit status where the answer itself is one (a refusal
 *          that was printed is 1)
 */
typedef int command_fn(int argc, char **argv, struct err *err);

struct cli_command {
	const char *name;
	command_fn *run;
	const char *help;
};

command_fn cmd_attest;
command_fn cmd_audit;
command_fn cmd_break_glass;
command_fn cmd_check;
command_fn cmd_diff;
command_fn cmd_doctor;
command_fn cmd_explain;
command_fn cmd_export;
command_fn cmd_flows;
command_fn cmd_flush;
command_fn cmd_gc;
command_fn cmd_graph;
command_fn cmd_import;
command_fn cmd_generate;
command_fn cmd_log;
command_fn cmd_profile;
command_fn cmd_ps;
command_fn cmd_reconcile;
command_fn cmd_reload;
command_fn cmd_report;
command_fn cmd_setup;
command_fn cmd_test;
command_fn cmd_verify;
command_fn cmd_why;

#endif

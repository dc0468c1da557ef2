/* cli/commands.h - every command, one file each: cmd_<name>.c */
#ifndef LEM_CLI_COMMANDS_H
#define LEM_CLI_COMMANDS_H

#include "job/command.h"

extern const lem_command lem_cmd_ablate, lem_cmd_bench_list, lem_cmd_bench_run, lem_cmd_bench_score,
    lem_cmd_bench_show, lem_cmd_bench_table, lem_cmd_compare, lem_cmd_crosscheck, lem_cmd_data_blend,
    lem_cmd_data_convert, lem_cmd_data_decontam, lem_cmd_data_dedup, lem_cmd_data_filter,
    lem_cmd_data_inspect, lem_cmd_demo, lem_cmd_demo_data, lem_cmd_doctor, lem_cmd_export, lem_cmd_grade,
    lem_cmd_maps, lem_cmd_merge, lem_cmd_model_convert, lem_cmd_model_info, lem_cmd_model_merge,
    lem_cmd_model_quantize, lem_cmd_prm_annotate, lem_cmd_prm_score, lem_cmd_prm_train, lem_cmd_repair,
    lem_cmd_report, lem_cmd_rm_sample, lem_cmd_rm_score, lem_cmd_rm_train, lem_cmd_run, lem_cmd_sample,
    lem_cmd_search, lem_cmd_select, lem_cmd_sft, lem_cmd_synth_answer, lem_cmd_synth_evolve,
    lem_cmd_template_show, lem_cmd_tokenize;

extern const lem_command *const lem_commands[]; /* in the order of work, NULL-terminated */

/* help, man, completion, version, and groups such as `lemma rm`: texts made from the option tables.
 * False if argv asks for none of them; *status receives the exit status. */
bool lem_text_verb(int argc, char **argv, int *status);

#endif

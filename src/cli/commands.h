/* cli/commands.h - every command, one file each: cmd_<name>.c */
#ifndef LEM_CLI_COMMANDS_H
#define LEM_CLI_COMMANDS_H

#include "cli/options.h"

extern const lem_command lem_cmd_demo, lem_cmd_demo_data, lem_cmd_doctor, lem_cmd_grade,
    lem_cmd_model_convert, lem_cmd_model_info, lem_cmd_report, lem_cmd_rm_sample, lem_cmd_rm_score,
    lem_cmd_rm_train, lem_cmd_run, lem_cmd_sample, lem_cmd_select, lem_cmd_sft, lem_cmd_template_show,
    lem_cmd_tokenize;

#endif

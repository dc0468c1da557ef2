/* commands.c - the table of commands */
#include "cli/commands.h"

const lem_command *const lem_commands[] = {
    &lem_cmd_doctor,
    NULL,
};

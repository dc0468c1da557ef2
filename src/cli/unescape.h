/* cli/unescape.h - texts of a command line that hold line ends */
#ifndef LEM_CLI_UNESCAPE_H
#define LEM_CLI_UNESCAPE_H

#include "core/err.h"

/* "\n" and "\t" become the characters; all others stand for themselves. The caller frees *out. */
lem_status lem_unescape(const char *text, char **out, lem_err *err) LEM_MUST_CHECK;

#endif

/* cli/blend_report.h - the composition of a blend: to the log, as JSON, as a page with the shares by domain
 */
#ifndef LEM_CLI_BLEND_REPORT_H
#define LEM_CLI_BLEND_REPORT_H

#include "cli/bad_rows_options.h"
#include "curate/blend.h"
#include "job/command.h"

/* To the log, and with --json to standard output. */
lem_status lem_blend_tell(lem_cli *cli, const bad_rows *bad, const lem_blend_opts *o, const lem_blend *b,
                          lem_err *err) LEM_MUST_CHECK;
/* path as in lem_page_save. */
lem_status lem_blend_page(const lem_blend_opts *o, const lem_blend *b, const char *path, bool overwrite,
                          lem_err *err) LEM_MUST_CHECK;

#endif

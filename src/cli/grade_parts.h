/* grade_parts.h - parts of lemma grade: the profile that its options name, the reasons for one pair */
#ifndef LEM_CLI_GRADE_PARTS_H
#define LEM_CLI_GRADE_PARTS_H

#include "cli/commands.h"
#include "eval/audit.h"
#include "eval/code_rows.h"
#include "report/audit_page.h"

/* --policy, --task and the tolerances as a profile; LEM_EUSAGE names what is possible. */
lem_status lem_grade_profile_of(const lem_args *args, lem_grade_profile *out, lem_err *err) LEM_MUST_CHECK;
/* --against as a policy in *out, whose other fields stay; *any: it was given. */
lem_status lem_grade_against_of(const lem_args *args, lem_grade_profile *out, bool *any,
                                lem_err *err) LEM_MUST_CHECK;
/* For code the sandbox that --code-seconds asks for, else NULL; the caller closes it. LEM_EUSAGE: it
 * is not to be had here, or options are given that are for answers. */
lem_status lem_grade_sandbox_of(const lem_args *args, bool code, lem_sandbox **out,
                                lem_err *err) LEM_MUST_CHECK;
/* lemma grade --explain GOLD PREDICTION: LEM_OK equal, LEM_NO not equal, LEM_EDATA not decidable. */
lem_status lem_grade_explain_pair(lem_cli *cli, const lem_args *args, lem_err *err) LEM_MUST_CHECK;

#endif

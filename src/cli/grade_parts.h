/* grade_parts.h - parts of lemma grade: the profile that its options name, the reasons for one pair */
#ifndef LEM_CLI_GRADE_PARTS_H
#define LEM_CLI_GRADE_PARTS_H

#include "cli/commands.h"
#include "eval/audit.h"
#include "eval/code_rows.h"
#include "report/audit_page.h"

/* --policy, --task and the tolerances as a profile; LEM_EUSAGE names what is possible. */
lem_status lem_grade_profile_of(const lem_args *args, lem_grade_profile *out, lem_err *err) LEM_MUST_CHECK;
/* Pairs of tags as --think-tags names them, and what they lie in. */
enum { LEM_GRADE_MAX_TAGS = 8 };
typedef struct grade_tags {
    lem_grade_tags tag[LEM_GRADE_MAX_TAGS];
    char *text[LEM_GRADE_MAX_TAGS];
} grade_tags;
/* --rule and --think-tags into a profile, whose policy is known; it borrows tags, which the caller releases.
 * LEM_EUSAGE names what is possible. */
lem_status lem_grade_options_of(const lem_args *args, lem_grade_profile *p, grade_tags *tags,
                                lem_err *err) LEM_MUST_CHECK;
/* LEM_EUSAGE where leniencies are set of a policy that has none. */
lem_status lem_grade_rules_check(const lem_grade_profile *p, lem_err *err) LEM_MUST_CHECK;
void lem_grade_tags_release(grade_tags *t);
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

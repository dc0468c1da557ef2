/* job/facts.h - what makes two runs the same run: command, arguments that change the result, contents read
 *
 * Facts are a JSON object:
 *   command    "sft"
 *   arguments  option -> value, for every option of the command's tables that changes the result; nested as
 *              given for LEM_OPT_TREE; "words" for positional arguments
 *   inputs     list of {option, path, sha256, files}: what was read, by content; files only for folders
 * They do not hold what changes nothing (threads, paths of outputs), nor times.
 * Paths of inputs are told but not compared, so that files may be moved;
 * neither are licence, licence_from, origin, origin_from, licences_of_inputs and non_commercial of an input,
 * which stand there where files beside it say so (core/card.h). */
#ifndef LEM_JOB_FACTS_H
#define LEM_JOB_FACTS_H

#include "core/buf.h"
#include "job/command.h"

/* What a command reads beside its options and words. */
typedef struct lem_job_input {
    const char *name; /* what it is called in messages */
    const char *path;
} lem_job_input;

typedef struct lem_facts_source {
    const lem_command *cmd;
    const lem_args *args;
    const lem_job_input *inputs; /* beside those of options and words */
    int n_inputs;
    const char *also;         /* counts like an argument; NULL = none */
    const char *stdin_digest; /* of an input named "-"; NULL if none was read */
    const char *cache_dir;
} lem_facts_source;

/* Reads every input. The caller owns *out. */
lem_status lem_facts_make(const lem_facts_source *from, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* SHA-256 over command, arguments and contents of inputs. */
lem_status lem_facts_identity(const lem_json *facts, char out[65], lem_err *err) LEM_MUST_CHECK;
/* Appends what differs, e.g. "--lr was 0.005, is now 0.01; --data: its content changed (…)" (at most three,
 * then a count); false and nothing if they are the facts of one job. An option that the old facts do not
 * know counts as its default. */
bool lem_facts_differ(const lem_command *cmd, const lem_json *old, const lem_json *now, lem_buf *out);
/* Whether nothing differs but contents of inputs that lie in the paths `made` (n of them): what stages of the
 * same run made anew. */
bool lem_facts_remade(const lem_command *cmd, const lem_json *old, const lem_json *now,
                      const char *const *made, int n);

#endif

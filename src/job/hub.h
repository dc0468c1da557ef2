/* job/hub.h - names of the Hugging Face Hub that lie in its cache on this machine; nothing is ever downloaded
 *
 * The cache keeps ORG/NAME as models--ORG--NAME (datasets--ORG--NAME for data sets): refs/main holds the name
 * of the folder below snapshots/ that is its newest version. A name may go on behind the second part, as in
 * ORG/NAME/main/test-*.parquet. A data set whose files lie in its folder data is that folder. */
#ifndef LEM_JOB_HUB_H
#define LEM_JOB_HUB_H

#include "job/command.h"

/* The path that a name stands for; *out stays NULL where something of that name is here, or it is not in the
 * cache. roots: folders of caches, ended by NULL, searched in order. Owned by the caller. */
lem_status lem_hub_find(const char *const *roots, const char *name, char **out, lem_err *err) LEM_MUST_CHECK;
/* Puts the paths in place of such names in all options and words of a command that are inputs. */
lem_status lem_hub_resolve(const lem_command *cmd, const char *const *roots, lem_json *values,
                           lem_err *err) LEM_MUST_CHECK;
/* Appends to an error about an input that could be a name on the Hub where it was looked for, and what
 * fetches it; other errors stay as they are. */
void lem_hub_explain(const char *const *roots, const char *name, lem_err *err);
/* The same for all inputs of a command. */
void lem_hub_explain_all(const lem_command *cmd, const char *const *roots, const lem_json *values,
                         lem_err *err);

#endif

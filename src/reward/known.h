/* reward/known.h - families of reward models by the name of their folder, and the system text of each
 *
 * A classifier's files do not say under which system text it was trained. AceMath-RM has its own;
 * Skywork-Reward, GRM and FsfairX have none (their model cards). */
#ifndef LEM_REWARD_KNOWN_H
#define LEM_REWARD_KNOWN_H

#include "model/head.h"
#include "prompt/settings.h"

/* Tells in s the system text of a classifier, where nothing has told it: that of the family that the name
 * says. name: a model folder (its own name, that of a snapshot in the Hub's cache, or _name_or_path of its
 * config.json), or the name of a served model. LEM_EUSAGE where no name is known: "… choose: COMMAND --system
 * '' … or COMMAND --system '…'". Other heads are left as they are. */
lem_status lem_reward_known_system(lem_head_kind kind, const char *name, const char *command,
                                   lem_prompt_settings *s, lem_err *err) LEM_MUST_CHECK;
/* The same without an error: *known is false where nothing tells. */
lem_status lem_reward_find_system(lem_head_kind kind, const char *name, lem_prompt_settings *s, bool *known,
                                  lem_err *err) LEM_MUST_CHECK;

#endif

/* model/folder_copy.h - what of a model folder goes into another one as it is: config.json but for what is
 * edited, and all files that are no weights */
#ifndef LEM_MODEL_FOLDER_COPY_H
#define LEM_MODEL_FOLDER_COPY_H

#include "core/err.h"
#include "core/json.h"

/* Changes members of a config; false = no memory. */
typedef bool lem_config_edit(const void *ctx, lem_json *config);
/* A config that `edit` leaves as it is keeps its bytes. */
lem_status lem_folder_copy_config(const char *dir, const char *to_dir, lem_config_edit *edit, const void *ctx,
                                  lem_err *err) LEM_MUST_CHECK;
/* Regular files but weights, their index, config.json and the manifest: those of the tokenizer, the others,
 * or both. *copied goes up by their number. */
lem_status lem_folder_copy_rest(const char *dir, const char *to_dir, bool tokenizer, bool others, int *copied,
                                lem_err *err) LEM_MUST_CHECK;

#endif

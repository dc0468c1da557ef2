/* core/absent.h - one wording for what is not there: "PATH: no such file", "PATH: no such folder" */
#ifndef LEM_CORE_ABSENT_H
#define LEM_CORE_ABSENT_H

#include "core/err.h"

#include <stdbool.h>

/* Why a file could not be opened or looked at for reading, from errno: "PATH: no such file", else
 * "cannot open 'PATH': …". LEM_EDATA for what the user can mend by naming another file, else LEM_EIO. */
lem_status lem_absent_open(const char *path, lem_err *err);
/* The same for a folder: "PATH: no such folder". */
lem_status lem_absent_dir(const char *path, lem_err *err);
/* LEM_EDATA "PATH: no such folder; a model folder is expected here", and where the path could be a name on
 * the Hugging Face Hub, that nothing is downloaded. */
lem_status lem_absent_model(const char *path, lem_err *err);
/* A file of llama.cpp's by its name; LEM_EDATA that names it in dir ("" = it is the path) and says how to
 * convert it. */
bool lem_absent_is_gguf(const char *name);
lem_status lem_absent_gguf(const char *dir, const char *name, lem_err *err);
/* Could this be a name on the Hub? Two parts with one slash between them, of which nothing exists here, and
 * no end such as .jsonl that only a file has. */
bool lem_absent_hub_name(const char *path);

#endif

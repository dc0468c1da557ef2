/* core/data_files.h - what a path of data stands for: a file, the data files of a folder, or those that a
 * pattern matches
 *
 * The one statement of it: the row source reads these files in this order (rows/rows.h), and the identity of
 * a job counts their contents in the same order (job/digest.h).
 *   folder   the files that state.json of Hugging Face's `save_to_disk` lists, in its order; else the files
 *            directly in it that are called as data is (.jsonl, .json, .ndjson, .csv, .tsv, .parquet, .arrow,
 *            .feather, each also with .gz or .zst), by name in
 *            natural order (part-2 before part-10)
 *   pattern  a path with *, ? or [ that nothing is called: what it matches, in the same order; folders among
 *            them stand for their files
 * A model folder is no folder of data, whatever else lies in it. */
#ifndef LEM_CORE_DATA_FILES_H
#define LEM_CORE_DATA_FILES_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct lem_data_files {
    char **path;
    size_t n;
} lem_data_files;

/* The files of paths[0..n), in order; plain paths are taken as they are, whether they are there or not.
 * LEM_EDATA for a folder without data files, a model folder, a folder of several data sets, and a pattern
 * that nothing matches. *out is added to, and is to be released also on failure. */
lem_status lem_data_files_find(const char *const *paths, size_t n, lem_data_files *out,
                               lem_err *err) LEM_MUST_CHECK;
void lem_data_files_release(lem_data_files *f);

/* Whether path is read as a pattern. */
bool lem_data_is_pattern(const char *path);
/* Whether a folder holds data files of its own (or the state of a saved data set), and no model. */
bool lem_data_is_folder(const char *path);
/* Whether file, once it is written, would be one of the data files of path: what must not be an output. */
bool lem_data_would_read(const char *path, const char *file);
/* The files of a model folder that make results; manifests, telemetry and notes are not among them. */
bool lem_model_has_file(const char *name);

#endif

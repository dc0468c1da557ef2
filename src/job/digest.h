/* job/digest.h - the content of an input as one number: a file by its bytes, a folder by its files
 *
 * A small file is known by SHA-256, one of 64 MiB or more by core/fingerprint.h.
 * A folder is known by the names and digests of the files in it that make results: for a model folder
 * config.json, lemma.json, weights, index, tokenizer and template; for any other folder all its plain files
 * but those that begin with a dot, manifest.json and timing.json.
 * A digest is remembered by device, inode, size and times in a file below cache_dir, so that a large model is
 * read once; a file that changed in the last two seconds is never remembered. */
#ifndef LEM_JOB_DIGEST_H
#define LEM_JOB_DIGEST_H

#include "core/err.h"
#include "core/json.h"

/* hex [65]. *files (may be NULL) receives an object name -> digest for a folder, NULL for a file; owned by
 * the caller. cache_dir may be NULL. LEM_EDATA "PATH: no such file" if it is absent
 * (lem_absent_model where it could be a name on the Hugging Face Hub). */
lem_status lem_digest_path(const char *path, const char *cache_dir, char hex[65], lem_json **files,
                           lem_err *err) LEM_MUST_CHECK;

/* The same for what a job reads: a folder of data, or a pattern, is known by the digests of its data files in
 * the order in which the row source reads them (core/data_files.h), whatever they are called; *files tells
 * them by name, of a pattern by path. Model folders, other folders and files are what they are above. */
lem_status lem_digest_input(const char *path, const char *cache_dir, char hex[65], lem_json **files,
                            lem_err *err) LEM_MUST_CHECK;

/* Removes the files that make the results of a model folder, so that another model can take its place; other
 * files stay. A folder that is not there, or is no model folder, is left as it is. */
lem_status lem_digest_clear_model(const char *dir, lem_err *err) LEM_MUST_CHECK;

#endif

/* report/side_names.h - short names for files or runs that are compared: what their paths differ in */
#ifndef LEM_REPORT_SIDE_NAMES_H
#define LEM_REPORT_SIDE_NAMES_H

enum { LEM_SIDE_NAME = 80 };

/* For paths[0..n): each without the folders that all begin with, the parts that all end in, and a last
 * ".jsonl", ".json", ".gz", ".zst"; longer ones lose their beginning. "a/base/s.jsonl" and "a/tuned/s.jsonl"
 * are "base" and "tuned". Where that leaves nothing of a path, or two are the same, all keep their last part
 * and are numbered "s (1)", "s (2)"; a single path keeps its last part. */
void lem_side_names(const char *const *paths, int n, char (*out)[LEM_SIDE_NAME]);

#endif

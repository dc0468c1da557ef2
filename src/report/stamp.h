/* report/stamp.h - whether anything changed that a report would show */
#ifndef LEM_REPORT_STAMP_H
#define LEM_REPORT_STAMP_H

#include "core/hash.h"

/* A digest of names, sizes and times of the files in and beside each input (its job's folder, its manifest),
 * so many folders deep as a report looks, without the files of the report itself: page and what
 * begins with its name, the .md, and the "-….csv" beside it. Nothing is read. */
void lem_report_stamp(const char *const *inputs, int n, const char *page, char out[65]);

#endif

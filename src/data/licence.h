/* data/licence.h - the licence that a data card beside a file states */
#ifndef LEM_DATA_LICENCE_H
#define LEM_DATA_LICENCE_H

#include "core/buf.h"
#include "core/err.h"

/* Looks in path's folder (path itself where it is one) and the folder above it for README.md with `license:`
 * between its first two lines of "---", dataset_info.json and dataset_infos.json with "license". The first
 * that states one gives text ("mit", or "mit, apache-2.0") and from (the file); both stay empty where none
 * does. Cards of more than 1 MiB and broken ones are passed over. LEM_EMEM alone fails. */
lem_status lem_licence_find(const char *path, lem_buf *text, lem_buf *from, lem_err *err) LEM_MUST_CHECK;

#endif

/* curate/blend_spool.h - texts kept in a nameless file and read back by their place */
#ifndef LEM_CURATE_BLEND_SPOOL_H
#define LEM_CURATE_BLEND_SPOOL_H

#include "core/buf.h"

#include <stdint.h>

typedef struct lem_blend_spool lem_blend_spool;
/* The file is made at path and loses its name at once. LEM_EIO. */
lem_status lem_blend_spool_open(const char *path, lem_blend_spool **out, lem_err *err) LEM_MUST_CHECK;
/* *at receives its place. */
lem_status lem_blend_spool_add(lem_blend_spool *s, const char *text, size_t len, uint64_t *at,
                               lem_err *err) LEM_MUST_CHECK;
/* Replaces out by the text at a place. */
lem_status lem_blend_spool_read(lem_blend_spool *s, uint64_t at, lem_buf *out, lem_err *err) LEM_MUST_CHECK;
void lem_blend_spool_close(lem_blend_spool *s); /* NULL allowed */

#endif

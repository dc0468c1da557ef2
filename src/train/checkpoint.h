/* train/checkpoint.h - atomic training state
 *
 * A checkpoint is a folder ROOT/step-N: one file per array, with a CRC-32C for each MiB, and MANIFEST.json
 * (sizes, checksums, the caller's identity and state, its own checksum) written last; all made in a temporary
 * folder that is renamed into place. The latest is the highest N whose manifest and arrays verify: there is
 * no pointer to go stale. The two newest are kept. */
#ifndef LEM_TRAIN_CHECKPOINT_H
#define LEM_TRAIN_CHECKPOINT_H

#include "compute/backend.h"
#include "core/err.h"
#include "core/json.h"
#include "core/log.h"

#include <stdint.h>

typedef struct lem_blob { /* an array of the caller */
    const char *name;     /* file name inside the folder: letters, digits, '-', '_' and '.' */
    void *data;
    size_t bytes;
    lem_backend *backend; /* whose memory it is; NULL = the host's */
} lem_blob;

lem_status lem_checkpoint_save(const char *root, long n, const char *identity, const lem_json *state,
                               const lem_blob *blobs, int n_blobs, lem_err *err) LEM_MUST_CHECK;
/* Loads the newest checkpoint that verifies into the blobs; *n = -1 and *state = NULL when there is none.
 * Damaged ones are named by a warning and passed over; where none is left the blobs are as they were. A
 * checkpoint of another identity, or whole with arrays of other sizes (which another version made), is
 * LEM_EUSAGE. state is the caller's to free. */
lem_status lem_checkpoint_load_latest(const char *root, const char *identity, const lem_blob *blobs,
                                      int n_blobs, lem_log *log, long *n, lem_json **state,
                                      lem_err *err) LEM_MUST_CHECK;

#endif

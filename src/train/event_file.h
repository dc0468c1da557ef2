/* train/event_file.h - telemetry of a training run as an event file of TensorBoard
 *
 * Records: length (8 bytes, little-endian), its masked CRC-32C, the event, its masked CRC-32C (TFRecord).
 * Events are protocol buffers: wall_time = 1 (double), step = 2 (int64), file_version = 3 (string),
 * summary = 5 { value = 1 { tag = 1 (string), simple_value = 2 (float) } }. Source: tensorflow's
 * core/util/event.proto, core/framework/summary.proto and core/lib/hash/crc32c.h (the mask).
 *
 * Tags are TRL's where it has them: train/loss, train/grad_norm, train/learning_rate, train/accuracy,
 * train/margin; other members keep their name behind train/, those of validations and answers stand behind
 * eval/. Steps count on over the stages of a run.
 * The wall time is the step: equal runs have equal bytes, and the time is in no result of Lemma's. */
#ifndef LEM_TRAIN_EVENT_FILE_H
#define LEM_TRAIN_EVENT_FILE_H

#include "core/buf.h"

/* What TensorBoard looks for in a name. */
#define LEM_TRAIN_EVENT_FILE "events.out.tfevents.1.lemma"

/* rows: telemetry as lem_train_run writes it. LEM_EDATA for a line that is no object. */
lem_status lem_train_event_file(const lem_buf *rows, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

#endif

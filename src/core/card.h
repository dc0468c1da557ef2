/* core/card.h - where a model or a file of data comes from, and its licence, as far as the files beside it
 * say
 *
 * Looked at, in this order; the first that says something counts:
 *   licence  of a model folder: `license:` (where it is "other": `license_name:`) in the front matter of its
 *            README.md, else the title of its LICENSE; of data: the front matter of README.md, or
 *            dataset_info.json or dataset_infos.json, in its folder or the one above; else what the publisher
 *            states for all of that origin (AceMath: CC BY-NC 4.0)
 *   origin   the name in the Hugging Face Hub cache (models--ORG--NAME); the manifest of the job of ours that
 *            wrote it; `_name_or_path` of a model's config.json; `base_model:` or `pretty_name:` of the card;
 *            `homepage` of dataset_info.json
 * What a job of ours wrote has the licences of its inputs, which its manifest tells; a card beside a file
 * that a job wrote is not its card. What is not said is not known: nothing is guessed. Cards of more than 1
 * MiB, broken ones, and values that are no line of UTF-8 of at most LEM_CARD_TEXT_MAX bytes are passed over.
 */
#ifndef LEM_CORE_CARD_H
#define LEM_CORE_CARD_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

enum { LEM_CARD_TEXT_MAX = 200 };

typedef enum lem_card_use {
    LEM_CARD_USE_UNKNOWN, /* no licence is known, or one whose terms are not known here */
    LEM_CARD_COMMERCIAL,
    LEM_CARD_NON_COMMERCIAL /* it, or an input of the job that made it */
} lem_card_use;

typedef struct lem_card { /* zeroed = empty; texts are empty where nothing is known */
    lem_buf licence;      /* "mit", or "mit, apache-2.0" */
    lem_buf licence_from; /* the file that says so, or in words */
    lem_buf origin, origin_from;
    lem_buf of_inputs; /* licences of what a job of ours made it of, each once: "cc-by-nc-4.0, mit" */
    lem_card_use use;
} lem_card;
void lem_card_release(lem_card *c);

/* path: a model folder, a file or folder of data, or a pattern; whether it is there or not. LEM_EMEM alone
 * fails. *out is released by the caller, also on failure. */
lem_status lem_card_find(const char *path, lem_card *out, lem_err *err) LEM_MUST_CHECK;
/* Adds what is known to an object: licence, licence_from, origin, origin_from, licences_of_inputs (texts),
 * non_commercial (true or false). */
lem_status lem_card_json(const lem_card *c, lem_json *into, lem_err *err) LEM_MUST_CHECK;

/* ---- the parts ---- */

/* What the front matter of a README.md says; adds to what is empty. Any bytes. */
typedef struct lem_front_matter { /* zeroed = empty */
    lem_buf licence, base_model, pretty_name;
} lem_front_matter;
void lem_front_matter_read(const char *text, size_t len, lem_front_matter *out);
void lem_front_matter_release(lem_front_matter *f);
/* The title of a licence text, in the Hub's name where it is one of the common licences. Any bytes. */
void lem_licence_title(const char *text, size_t len, lem_buf *out);
/* Of one licence or a list as above. */
lem_card_use lem_licence_use(const char *licence);

#endif

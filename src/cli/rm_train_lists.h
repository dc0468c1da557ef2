/* rm_train_lists.h - the lists of `rm train`: read, split, and a word about what cannot be learned from them
 */
#ifndef LEM_CLI_RM_TRAIN_LISTS_H
#define LEM_CLI_RM_TRAIN_LISTS_H

#include "cli/bad_rows_options.h"
#include "cli/rm_sample_cut.h"
#include "cli/runtime.h"
#include "core/object.h"
#include "data/dataset.h"
#include "job/account.h"
#include "train/trainer.h"

/* Fewer problems than that are few to learn from, in words; fewer than the other are not split. */
enum { LEM_RM_FEW_PROBLEMS = 200, LEM_RM_SPLIT_PROBLEMS = 20 };
/* Scores that follow length, or having been cut off, that much, with as many lists, get a word. */
#define LEM_RM_LENGTH_BOUND 0.5
enum { LEM_RM_LENGTH_LISTS = 10 };

typedef struct lem_rm_lists { /* zeroed = none */
    lem_lists train, val;     /* val is a view of train where `split` */
    bool split;
    uint64_t problems;      /* of --lists, of training */
    lem_drop_counts counts; /* of --lists */
    lem_cut_tally cut;      /* responses of --lists that were cut off */
    lem_json *warnings;     /* texts, for --json; NULL = none */
    bad_rows bad;
} lem_rm_lists;

/* Reads --lists and --val, or splits --val-share off. LEM_EDATA where nothing is left to train on. */
lem_status lem_rm_lists_load(lem_cli *cli, const lem_args *args, lem_job *job, const lem_tokenizer *tok,
                             const lem_lists_how *how, lem_rm_lists *out, lem_err *err) LEM_MUST_CHECK;
/* What became of the lists of --lists, for the manifest. */
lem_status lem_rm_lists_account(lem_job *job, const lem_rm_lists *l, lem_err *err) LEM_MUST_CHECK;
void lem_rm_lists_release(lem_rm_lists *l);
/* After training: whether scores follow length, or having been cut off, on the validation lists. */
void lem_rm_lists_judge(lem_cli *cli, lem_rm_lists *l, const lem_train_result *r);
/* What --json tells: problems, classes left out, validation metrics, warnings. r NULL = only planned. */
void lem_rm_lists_tell(lem_object *o, const lem_rm_lists *l, const lem_train_result *r);

#endif

/* rm_train_lists.c - response lists for training and validation, with warnings */
#include "cli/rm_train_lists.h"

#include "cli/train_options.h"
#include "core/buf.h"

#include <math.h>
#include <string.h>

void lem_rm_lists_release(lem_rm_lists *l) {
    if (!l->split) lem_lists_release(&l->val);
    lem_lists_release(&l->train);
    lem_json_free(l->warnings);
    lem_bad_rows_release(&l->bad);
    *l = (lem_rm_lists){0};
}

/* A warning, which stands in --json too. */
static void warn(lem_cli *cli, lem_rm_lists *l, const lem_buf *text) {
    lem_warn(cli->log, "%s", lem_buf_str(text));
    if (!l->warnings) l->warnings = lem_json_new_array();
    if (l->warnings && !lem_json_append(l->warnings, lem_json_new_str(lem_buf_str(text)))) {
        lem_json_free(l->warnings);
        l->warnings = NULL;
    }
}

/* Adds the lists of one file to out; what it holds alone is said, and counted in d with the others. */
static lem_status load(lem_cli *cli, const bad_rows *bad, const char *path, const lem_tokenizer *tok,
                       const lem_lists_how *how, lem_lists *out, lem_drop_counts *d, lem_err *err) {
    lem_drop_counts f = {0};
    lem_lists_how own = *how;
    uint64_t responses = out->n_responses, tokens = out->n_ids;
    lem_status st = lem_bad_rows_reader(bad, LEM_BAD_ANY, path, NULL, cli->cancel, &own.judge, err);
    if (st == LEM_OK) st = lem_lists_load(out, path, tok, &own, &f, cli->log, err);
    if (st == LEM_OK) st = lem_train_need_rows(path, f.rows, err);
    if (st) return st;
    lem_info(cli->log,
             "%s: %llu lists, %llu kept (%llu responses, %llu tokens); left out: %llu too long, %llu "
             "without both classes (%llu all right, %llu all wrong)",
             path, (unsigned long long)f.rows, (unsigned long long)f.kept,
             (unsigned long long)(out->n_responses - responses), (unsigned long long)(out->n_ids - tokens),
             (unsigned long long)f.too_long, (unsigned long long)f.filtered, (unsigned long long)f.all_right,
             (unsigned long long)f.all_wrong);
    if (f.kept == 0)
        return lem_fail(err, LEM_EDATA,
                        "%s: no list with both right and wrong responses that fits: %llu all right, %llu all "
                        "wrong, %llu too long",
                        path, (unsigned long long)f.all_right, (unsigned long long)f.all_wrong,
                        (unsigned long long)f.too_long);
    d->read += f.read;
    d->rows += f.rows;
    d->kept += f.kept;
    d->too_long += f.too_long;
    d->filtered += f.filtered;
    d->all_right += f.all_right;
    d->all_wrong += f.all_wrong;
    return LEM_OK;
}

/* The files of --lists, one after another. */
static lem_status load_training(lem_cli *cli, const lem_args *args, const bad_rows *bad,
                                const lem_tokenizer *tok, const lem_lists_how *how, lem_lists *out,
                                lem_drop_counts *d, lem_err *err) {
    const lem_json *files = lem_args_tree(args, "lists");
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(files); i++)
        st = load(cli, bad, lem_json_str(lem_json_at(files, i), ""), tok, how, out, d, err);
    return st;
}

static void judge_classes(lem_cli *cli, lem_rm_lists *l, const lem_drop_counts *d) {
    lem_buf b = {0};
    if (2 * d->filtered >= d->rows) {
        lem_buf_printf(
            &b,
            "%llu of %llu lists hold one class (%llu all right, %llu all wrong) and teach nothing; "
            "what is left are the problems that the generator is undecided about",
            (unsigned long long)d->filtered, (unsigned long long)d->rows, (unsigned long long)d->all_right,
            (unsigned long long)d->all_wrong);
        warn(cli, l, &b);
    }
    lem_buf_clear(&b);
    if (l->problems < LEM_RM_FEW_PROBLEMS) {
        lem_buf_printf(&b,
                       "%llu problems are few to learn from (fewer than %d): a model can have them by heart "
                       "and be at chance elsewhere; believe only scores of other problems",
                       (unsigned long long)l->problems, LEM_RM_FEW_PROBLEMS);
        warn(cli, l, &b);
    }
    lem_buf_release(&b);
}

/* Responses that were cut off, by class. */
static void judge_cut(lem_cli *cli, lem_rm_lists *l) {
    char words[320];
    lem_buf b = {0};
    for (uint64_t i = 0; i < l->train.n_responses; i++)
        lem_cut_add(&l->cut, l->train.response[i].label, l->train.response[i].cut);
    if (!lem_cut_teaches_length(&l->cut)) return;
    lem_cut_text(&l->cut, words, sizeof words);
    lem_buf_puts(&b, words);
    warn(cli, l, &b);
    lem_buf_release(&b);
}

static lem_status split(lem_cli *cli, const lem_args *args, lem_rm_lists *l, lem_err *err) {
    double share = lem_args_num(args, "val-share");
    if (share <= 0) return LEM_OK;
    if (l->problems < LEM_RM_SPLIT_PROBLEMS) {
        lem_info(cli->log, "no validation lists: %llu problems are too few to split (%d are needed)",
                 (unsigned long long)l->problems, LEM_RM_SPLIT_PROBLEMS);
        return LEM_OK;
    }
    lem_status st = lem_lists_split(&l->train, share, cli->seed, &l->val, err);
    if (st) return st;
    l->split = true;
    lem_info(cli->log, "validation: %llu lists split off by problem (--val-share %g), %llu to train on",
             (unsigned long long)l->val.n, share, (unsigned long long)l->train.n);
    if (l->train.n == 0) return lem_fail(err, LEM_EUSAGE, "--val-share %g leaves no list to train on", share);
    return lem_lists_count_problems(&l->train, &l->problems, err);
}

lem_status lem_rm_lists_load(lem_cli *cli, const lem_args *args, lem_job *job, const lem_tokenizer *tok,
                             const lem_lists_how *how, lem_rm_lists *out, lem_err *err) {
    lem_drop_counts d = {0}, vd = {0};
    const char *val = lem_args_str(args, "val");
    lem_status st = LEM_OK;
    LEM_TRY(lem_bad_rows_begin(args, &out->bad, err));
    LEM_TRY(load_training(cli, args, &out->bad, tok, how, &out->train, &d, err));
    out->counts = d;
    LEM_TRY(lem_lists_count_problems(&out->train, &out->problems, err));
    judge_cut(cli, out);
    if (val) LEM_TRY(load(cli, &out->bad, val, tok, how, &out->val, &vd, err));
    else LEM_TRY(split(cli, args, out, err));
    judge_classes(cli, out, &d);
    st = lem_bad_rows_end(&out->bad, cli, job, d.read + vd.read, err);
done:
    return st;
}

lem_status lem_rm_lists_account(lem_job *job, const lem_rm_lists *l, lem_err *err) {
    const lem_drop_counts *c = &l->counts;
    const uint64_t other = c->rows - c->kept - c->too_long - c->all_right - c->all_wrong;
    const lem_left_out why[] = {{"too long", c->too_long},
                                {"all right", c->all_right},
                                {"all wrong", c->all_wrong},
                                {"otherwise", other}};
    const lem_account a = {.unit = "lists", .read = c->rows, .kept = c->kept, .why = why, .n = other ? 4 : 3};
    return lem_job_account(job, &a, err);
}

static const double *metric(const lem_train_result *r, const char *name) {
    for (int i = 0; i < r->n_val; i++)
        if (strcmp(r->val_name[i], name) == 0) return &r->val[i];
    return NULL;
}

/* Lists of which some responses were cut off and others not, and all say so. */
static uint64_t partly_cut(const lem_lists *l) {
    uint64_t n = 0;
    for (uint64_t i = 0; i < l->n; i++) {
        bool seen[2] = {false, false}, known = true;
        for (int k = 0; k < l->list[i].n; k++) {
            int cut = l->response[l->list[i].first + k].cut;
            known = known && cut >= 0;
            seen[cut > 0] = true;
        }
        n += known && seen[0] && seen[1];
    }
    return n;
}

static void judge_truncation(lem_cli *cli, lem_rm_lists *l, const lem_train_result *r) {
    const double *rho = metric(r, "cut_rho");
    uint64_t n = partly_cut(&l->val);
    lem_buf b = {0};
    if (!rho) return;
    lem_buf_printf(&b,
                   "rank correlation of score and having been cut off within a list: %.2f (%llu validation "
                   "lists with both)",
                   *rho, (unsigned long long)n);
    if (fabs(*rho) >= LEM_RM_LENGTH_BOUND && n >= LEM_RM_LENGTH_LISTS) {
        lem_buf_printf(&b, ": scores follow truncation (%g or more): responses that were cut off %s",
                       LEM_RM_LENGTH_BOUND, *rho > 0 ? "win" : "lose");
        warn(cli, l, &b);
    } else lem_info(cli->log, "%s", lem_buf_str(&b));
    lem_buf_release(&b);
}

static void judge_length(lem_cli *cli, lem_rm_lists *l, const lem_train_result *r) {
    const double *rho = metric(r, "length_rho"), *label = metric(r, "label_rho");
    lem_buf b = {0};
    if (!rho) return;
    lem_buf_printf(&b,
                   "rank correlation of score and length within a list: %.2f, of outcome and length: ", *rho);
    if (label) lem_buf_printf(&b, "%.2f", *label);
    else lem_buf_puts(&b, "none");
    lem_buf_printf(&b, " (%llu validation lists)", (unsigned long long)l->val.n);
    if (fabs(*rho) >= LEM_RM_LENGTH_BOUND && l->val.n >= LEM_RM_LENGTH_LISTS) {
        lem_buf_printf(&b, ": scores follow length (%g or more): longer ones %s", LEM_RM_LENGTH_BOUND,
                       *rho > 0 ? "win" : "lose");
        warn(cli, l, &b);
    } else lem_info(cli->log, "%s", lem_buf_str(&b));
    lem_buf_release(&b);
}

void lem_rm_lists_judge(lem_cli *cli, lem_rm_lists *l, const lem_train_result *r) {
    judge_length(cli, l, r);
    judge_truncation(cli, l, r);
}

void lem_rm_lists_tell(lem_object *o, const lem_rm_lists *l, const lem_train_result *r) {
    lem_object_int(o, "problems", l->problems);
    lem_object_int(o, "all_right", l->counts.all_right);
    lem_object_int(o, "all_wrong", l->counts.all_wrong);
    lem_object_int(o, "val_lists", l->val.n);
    lem_cut_tell(o, &l->cut);
    lem_bad_rows_tell(&l->bad, o);
    if (r) {
        lem_object val = lem_object_new();
        for (int i = 0; i < r->n_val; i++) lem_object_num(&val, r->val_name[i], r->val[i]);
        lem_object_int(o, "kept_step", (uint64_t)r->kept_step);
        lem_object_json(o, "val", lem_object_done(&val));
    }
    lem_object_json(o, "warnings", l->warnings ? lem_json_copy(l->warnings) : lem_json_new_array());
}

/* items - the ledger of a job: what became of each item, written down and replayed */
#include "teach/teach_priv.h"

#include "core/mem.h"
#include "core/object.h"
#include "core/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- requests ---- */

int lem_teach_span(lem_teach *t, size_t i) {
    if (!t->o.group) return 1;
    size_t end = i - i % t->o.group + t->o.group, k = i + 1;
    while (k < end && k < t->n && k - i < (size_t)t->chunk && t->item[k].state == LEM_TEACH_PLANNED &&
           !t->item[k].waits)
        k++;
    t->item[i].span = (int)(k - i);
    return t->item[i].span;
}

const char *lem_teach_path(const lem_teach *t) {
    return t->o.form ? t->o.form->path : lem_completion_path(&t->o.chat);
}

static lem_status formed_body(const lem_teach *t, size_t i, lem_buf *out, lem_err *err) {
    lem_status st = t->o.form->body(t->o.ctx, i, out, err);
    return st == LEM_OK ? lem_buf_ok(out, err) : st;
}

int lem_teach_choices(const lem_teach *t, size_t i) {
    if (!t->o.group) return t->o.chat.n;
    return t->item[i].span ? t->item[i].span : 1;
}

/* What is the item's own in its request. */
static lem_status set_parts(const lem_teach *t, size_t i, lem_completion_opts *chat, int64_t *seed,
                            lem_err *err) {
    const lem_teach_parts *p = &t->o.parts;
    chat->n = lem_teach_choices(t, i);
    if (chat->temperature > 0) {
        lem_rng r = lem_rng_make(t->o.seed, "teach", p->key ? p->key(t->o.ctx, i) : i);
        *seed = (int64_t)(lem_rng_at(&r, 0) >> 33);
    }
    if (p->turns && !chat->text && !(chat->turns = p->turns(t->o.ctx, i)))
        return lem_fail(err, LEM_EMEM, "out of memory for the messages of a request");
    if (p->ids && chat->text) chat->ids = p->ids(t->o.ctx, i, &chat->n_ids);
    return LEM_OK;
}

/* A request is known by its bytes without those that say how it is sent. */
lem_status lem_teach_body(const lem_teach *t, size_t i, bool as_sent, lem_buf *out, lem_err *err) {
    if (t->o.form) return formed_body(t, i, out, err);
    lem_buf prompt = {0};
    lem_completion_opts chat = t->o.chat;
    int64_t seed = -1;
    if (!as_sent) chat.stream = false;
    lem_status st = set_parts(t, i, &chat, &seed, err);
    if (st == LEM_OK && !chat.turns && !chat.ids) st = t->o.prompt(t->o.ctx, i, &prompt, err);
    if (st == LEM_OK) st = lem_buf_ok(&prompt, err);
    if (st == LEM_OK) st = lem_completion_body(&chat, lem_buf_str(&prompt), seed, out, err);
    lem_buf_release(&prompt);
    return st;
}

lem_status lem_teach_hash(lem_teach *t, size_t i, lem_err *err) {
    lem_buf body = {0};
    lem_buf_puts(&body, lem_teach_path(t));
    lem_buf_putc(&body, '\n');
    lem_status st = lem_teach_body(t, i, false, &body, err);
    if (st == LEM_OK) lem_sha256_hex(body.data, body.len, t->item[i].hash);
    lem_buf_release(&body);
    return st;
}

static lem_status hash_item(lem_teach *t, size_t i, lem_err *err) {
    lem_teach_item *item = &t->item[i];
    int64_t leader = (int64_t)i;
    item->leader = i;
    if (t->o.group) return LEM_OK; /* what is asked with it is not known yet */
    lem_status st = lem_teach_hash(t, i, err);
    if (st != LEM_OK) return st;
    if (lem_map_find(t->by_hash, item->hash, 64, &leader)) item->leader = (size_t)leader;
    else st = lem_map_set(t->by_hash, item->hash, 64, leader, err);
    return st;
}

lem_status lem_teach_new(const lem_teach_opts *o, size_t n, lem_teach **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_teach *t = lem_alloc_zero(1, sizeof *t, err);
    if (!t) return LEM_EMEM;
    t->o = *o;
    t->n = t->blamed = n;
    t->chunk = o->chat.n;
    t->item = lem_alloc_zero(n, sizeof *t->item, err);
    t->by_hash = lem_map_new(err);
    if (!t->item || !t->by_hash) st = LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < n; i++) {
        st = lem_cancel_check(o->cancel, err);
        if (st == LEM_OK) st = hash_item(t, i, err);
    }
    if (st == LEM_OK) *out = t;
    else lem_teach_free(t);
    return st;
}

void lem_teach_free(lem_teach *t) {
    if (!t) return;
    for (size_t i = 0; t->item && i < t->n; i++) {
        lem_json_free(t->item[i].reply);
        lem_free(t->item[i].why);
    }
    if (lem_journal_close(t->cache, NULL) != LEM_OK) lem_warn(t->o.log, "the cache could not be closed");
    lem_free(t->item);
    lem_map_free(t->by_hash);
    lem_free(t);
}

void lem_teach_hold(lem_teach *t, size_t i) {
    lem_teach_item *item = &t->item[i];
    if (item->leader == i && item->state == LEM_TEACH_PLANNED && !item->sent) item->state = LEM_TEACH_HELD;
}

void lem_teach_release(lem_teach *t, size_t i) {
    lem_teach_item *item = &t->item[t->item[i].leader];
    if (item->state == LEM_TEACH_HELD) item->state = LEM_TEACH_PLANNED;
}

bool lem_teach_refused(const lem_teach *t, size_t i) {
    return t->item[t->item[i].leader].state == LEM_TEACH_REFUSED;
}

/* ---- money ---- */

/* What the template and the system text add to a prompt. */
enum { TEMPLATE_TOKENS = 64 };

static size_t system_bytes(const lem_teach *t) {
    bool apart = !t->o.form && !t->o.parts.turns && !t->o.parts.ids;
    return t->o.chat.system && apart ? strlen(t->o.chat.system) : 0;
}

/* Bytes of what the item says: no fewer than it has tokens. */
static lem_status prompt_bytes(const lem_teach *t, size_t i, lem_buf *scratch, size_t *out, lem_err *err) {
    const lem_teach_parts *p = &t->o.parts;
    lem_teach_prompt *what = t->o.form ? t->o.form->body : t->o.prompt;
    lem_buf_clear(scratch);
    if (!t->o.form && p->ids && t->o.chat.text) {
        (void)p->ids(t->o.ctx, i, out);
        return LEM_OK;
    }
    lem_status st = LEM_OK;
    if (!t->o.form && p->turns && !t->o.chat.text) lem_json_write(p->turns(t->o.ctx, i), 0, scratch);
    else st = what(t->o.ctx, i, scratch, err);
    if (st == LEM_OK) st = lem_buf_ok(scratch, err);
    *out = scratch->len;
    return st;
}

lem_status lem_teach_most(const lem_teach *t, size_t i, uint64_t *in, uint64_t *out, lem_err *err) {
    lem_buf scratch = {0};
    size_t bytes = 0;
    lem_status st = prompt_bytes(t, i, &scratch, &bytes, err);
    lem_buf_release(&scratch);
    *in = bytes + TEMPLATE_TOKENS + system_bytes(t);
    *out = t->o.form ? 0 : (uint64_t)t->o.chat.max_tokens * (uint64_t)lem_teach_choices(t, i);
    return st;
}

static double cost_of(const lem_teach *t, uint64_t in, uint64_t out) {
    return ((double)in * t->o.price_in + (double)out * t->o.price_out) / 1e6;
}

bool lem_teach_fits(const lem_teach *t, uint64_t in, uint64_t out) {
    const lem_teach_opts *o = &t->o;
    in += t->money.in;
    out += t->money.out;
    if (o->max_requests && t->money.requests + 1 > o->max_requests) return false;
    if (o->max_tokens && in + out > o->max_tokens) return false;
    return o->max_cost <= 0 || cost_of(t, in, out) <= o->max_cost;
}

/* What was set aside for the request under way is replaced by what it cost. */
static void settle(lem_teach *t, lem_teach_item *item, uint64_t in, uint64_t out) {
    t->money.in += in - item->in;
    t->money.out += out - item->out;
    item->in = item->out = 0;
}

/* ---- what happens to an item, in memory ---- */

static lem_status set_why(lem_teach_item *item, const char *why, lem_err *err) {
    char *copy = lem_strdup(why, err);
    if (!copy) return LEM_EMEM;
    lem_free(item->why);
    item->why = copy;
    return LEM_OK;
}

/* Items of the request under way, or of the last one. */
static size_t end_of(const lem_teach *t, const lem_teach_item *item) {
    size_t i = (size_t)(item - t->item);
    return i + (t->o.group && item->span > 1 ? (size_t)item->span : 1);
}

static void be_sent(lem_teach *t, lem_teach_item *item, uint64_t in, uint64_t out) {
    size_t end = end_of(t, item);
    for (size_t i = (size_t)(item - t->item); i < end; i++) {
        t->item[i].state = LEM_TEACH_SENT;
        t->item[i].sent++;
    }
    item->in = in;
    item->out = out;
    t->money.requests++;
    t->money.in += in;
    t->money.out += out;
}

/* The items of a request whose reply has m choices: those behind them are to be asked for again. */
static void share_out(lem_teach *t, lem_teach_item *item, size_t m) {
    size_t first = (size_t)(item - t->item), end = end_of(t, item);
    for (size_t i = first; i < end; i++) {
        bool has = i - first < m;
        t->item[i].state = has ? LEM_TEACH_DONE : LEM_TEACH_PLANNED;
        if (has) t->item[i].leader = first;
    }
    if (m > 1) t->many = true;
    if (m < end - first) t->chunk = m > 1 ? (int)m : 1;
}

/* Takes record. */
static void be_done(lem_teach *t, lem_teach_item *item, lem_json *record, bool cached) {
    uint64_t in = (uint64_t)lem_json_int(lem_json_get(record, "in"), (int64_t)item->in);
    uint64_t out = (uint64_t)lem_json_int(lem_json_get(record, "out"), (int64_t)item->out);
    if (cached) t->cached++;
    else settle(t, item, in, out);
    item->cached = cached;
    item->state = LEM_TEACH_DONE;
    lem_json_free(item->reply);
    item->reply = record;
    if (t->o.group) share_out(t, item, lem_json_count(lem_json_get(record, "texts")));
}

static lem_status be_not_billed(lem_teach *t, lem_teach_item *item, const char *why, lem_teach_try try,
                                lem_err *err) {
    size_t end = end_of(t, item);
    lem_status st = LEM_OK;
    settle(t, item, 0, 0);
    if (try == LEM_TRY_UNSENT) t->money.requests--;
    for (size_t i = (size_t)(item - t->item); st == LEM_OK && i < end; i++) {
        lem_teach_item *x = &t->item[i];
        if (try == LEM_TRY_COUNTS) x->tries++;
        x->state = x->tries < t->o.tries ? LEM_TEACH_PLANNED : LEM_TEACH_GIVEN_UP;
        st = set_why(x, why, err);
    }
    return st;
}

static lem_status be_unsure(lem_teach *t, lem_teach_item *item, const char *why, lem_teach_billed billed,
                            lem_err *err) {
    size_t end = end_of(t, item);
    lem_status st = LEM_OK;
    settle(t, item, item->in, item->out);
    t->money.unsure++;
    for (size_t i = (size_t)(item - t->item); st == LEM_OK && i < end; i++) {
        lem_teach_item *x = &t->item[i];
        x->unsure++;
        x->billed = (uint8_t)billed;
        x->state = x->unsure <= t->o.resend ? LEM_TEACH_PLANNED : LEM_TEACH_UNSURE;
        st = set_why(x, why, err);
    }
    return st;
}

/* Several choices were refused, and never given: it may be their number that was. */
static bool refused_for_number(lem_teach *t, const lem_teach_item *item) {
    size_t i = (size_t)(item - t->item);
    if (t->o.group && item->span > 1 && !t->many) {
        t->chunk = 1;
        t->blamed = i;
        return true;
    }
    if (t->blamed == i) t->chunk = t->o.chat.n; /* it was not their number */
    if (t->blamed == i) t->blamed = t->n;
    return false;
}

/* The others of a group ask the same, and are not sent to be refused in turn. */
static lem_status refuse_group(lem_teach *t, const lem_teach_item *item, const char *why, lem_err *err) {
    size_t at = (size_t)(item - t->item), first = at - at % t->o.group;
    lem_status st = LEM_OK;
    for (size_t i = first; st == LEM_OK && i < first + t->o.group && i < t->n; i++) {
        lem_teach_item *x = &t->item[i];
        if (x->state != LEM_TEACH_PLANNED || x->waits) continue;
        x->state = LEM_TEACH_REFUSED;
        st = set_why(x, why, err);
    }
    return st;
}

static lem_status be_refused(lem_teach *t, lem_teach_item *item, const char *why, lem_err *err) {
    size_t end = end_of(t, item);
    lem_status st = LEM_OK;
    bool again = refused_for_number(t, item);
    settle(t, item, 0, 0);
    for (size_t i = (size_t)(item - t->item); st == LEM_OK && i < end; i++) {
        t->item[i].state = again ? LEM_TEACH_PLANNED : LEM_TEACH_REFUSED;
        st = set_why(&t->item[i], why, err);
    }
    return st == LEM_OK && t->o.group && !again ? refuse_group(t, item, why, err) : st;
}

static void be_again(lem_teach *t) {
    for (size_t i = 0; i < t->n; i++) {
        lem_teach_item *item = &t->item[i];
        item->tries = 0;
        if (item->state == LEM_TEACH_GIVEN_UP) item->state = LEM_TEACH_PLANNED;
    }
}

/* ---- written down ---- */

/* record is taken; try < 0: the id has none. */
static lem_status append(lem_teach *t, char kind, size_t i, int try, lem_json *record, lem_err *err) {
    char name[LEM_TEACH_NAME], id[LEM_TEACH_NAME + 16];
    lem_status st = LEM_OK;
    if (!record) return lem_fail(err, LEM_EMEM, "out of memory for the ledger");
    if (t->o.parts.name) t->o.parts.name(t->o.ctx, i, name);
    else snprintf(name, sizeof name, "%zu", i);
    if (try < 0) snprintf(id, sizeof id, "%c:%s", kind, name);
    else snprintf(id, sizeof id, "%c:%s:%d", kind, name, try);
    if (t->ledger) st = lem_journal_append(t->ledger, id, record, err);
    lem_json_free(record);
    return st;
}

/* Of a group: how many items it is of. */
static void add_span(const lem_teach *t, size_t i, lem_object *o) {
    if (t->o.group) lem_object_int(o, "n", (uint64_t)lem_teach_choices(t, i));
}

static lem_json *with_why(const char *why, lem_object *o) {
    lem_object_str(o, "why", why);
    return lem_object_done(o);
}

lem_status lem_teach_note_sent(lem_teach *t, size_t i, uint64_t in, uint64_t out, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "in", in);
    lem_object_int(&o, "out", out);
    add_span(t, i, &o);
    lem_status st = append(t, 's', i, t->item[i].sent, lem_object_done(&o), err);
    if (st == LEM_OK) be_sent(t, &t->item[i], in, out);
    return st;
}

/* The tokens that were billed stand in the record; where the reply tells none, the most that it can have
 * been. */
lem_status lem_teach_note_reply(lem_teach *t, size_t i, lem_json *record, lem_err *err) {
    lem_teach_item *item = &t->item[i];
    int64_t in = lem_json_int(lem_json_get(record, "prompt_tokens"), -1);
    int64_t out = lem_json_int(lem_json_get(record, "completion_tokens"), -1);
    if (in < 0 || out < 0) {
        in = (int64_t)item->in;
        out = (int64_t)item->out;
    }
    bool ok = lem_json_set(record, "in", lem_json_new_int(in)) &&
              lem_json_set(record, "out", lem_json_new_int(out));
    lem_status st = ok ? append(t, 'r', i, -1, lem_json_share(record), err)
                       : lem_fail(err, LEM_EMEM, "out of memory for a reply");
    if (st == LEM_OK) be_done(t, item, record, false);
    else lem_json_free(record);
    return st;
}

lem_status lem_teach_note_not_billed(lem_teach *t, size_t i, const char *why, lem_teach_try try,
                                     lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_bool(&o, "sent", try != LEM_TRY_UNSENT);
    lem_object_bool(&o, "counts", try == LEM_TRY_COUNTS);
    lem_status st = append(t, 'n', i, t->item[i].sent, with_why(why, &o), err);
    return st == LEM_OK ? be_not_billed(t, &t->item[i], why, try, err) : st;
}

lem_status lem_teach_note_unsure(lem_teach *t, size_t i, const char *why, lem_teach_billed billed,
                                 lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_bool(&o, "billed", billed == LEM_BILLED_YES);
    lem_status st = append(t, 'x', i, t->item[i].sent, with_why(why, &o), err);
    return st == LEM_OK ? be_unsure(t, &t->item[i], why, billed, err) : st;
}

lem_status lem_teach_note_refused(lem_teach *t, size_t i, const char *why, lem_err *err) {
    lem_object o = lem_object_new();
    lem_status st = append(t, 'd', i, -1, with_why(why, &o), err);
    return st == LEM_OK ? be_refused(t, &t->item[i], why, err) : st;
}

lem_status lem_teach_put(lem_teach *t, lem_journal *ledger, size_t item, lem_json *record, lem_err *err) {
    t->ledger = ledger;
    lem_status st = append(t, 'c', item, -1, lem_json_share(record), err);
    if (st != LEM_OK) {
        lem_json_free(record);
        return st;
    }
    be_done(t, &t->item[item], record, true);
    if (t->progress) lem_progress_add(t->progress, 1);
    return LEM_OK;
}

lem_status lem_teach_bury(lem_teach *t, lem_journal *ledger, size_t item, const char *why, lem_err *err) {
    t->ledger = ledger;
    return t->item[item].state == LEM_TEACH_REFUSED ? LEM_OK : lem_teach_note_refused(t, item, why, err);
}

lem_status lem_teach_again(lem_teach *t, lem_journal *ledger, lem_err *err) {
    lem_json *record = lem_json_new_object();
    lem_status st = record ? lem_journal_append(ledger, "again", record, err)
                           : lem_fail(err, LEM_EMEM, "out of memory for the ledger");
    lem_json_free(record);
    if (st == LEM_OK) be_again(t);
    return st;
}

/* ---- replayed ---- */

static lem_teach_try try_of(const lem_json *record) {
    if (!lem_json_bool(lem_json_get(record, "sent"), true)) return LEM_TRY_UNSENT;
    return lem_json_bool(lem_json_get(record, "counts"), true) ? LEM_TRY_COUNTS : LEM_TRY_FREE;
}

static lem_status replay(lem_teach *t, char kind, lem_teach_item *item, const lem_json *record,
                         lem_err *err) {
    const char *why = lem_json_str(lem_json_get(record, "why"), "");
    bool billed = lem_json_bool(lem_json_get(record, "billed"), false);
    uint64_t in = (uint64_t)lem_json_int(lem_json_get(record, "in"), 0);
    uint64_t out = (uint64_t)lem_json_int(lem_json_get(record, "out"), 0);
    switch (kind) {
    case 's':
        if (t->o.group) item->span = (int)lem_json_int(lem_json_get(record, "n"), 1);
        be_sent(t, item, in, out);
        return LEM_OK;
    case 'n': return be_not_billed(t, item, why, try_of(record), err);
    case 'x': return be_unsure(t, item, why, billed ? LEM_BILLED_YES : LEM_BILLED_MAYBE, err);
    case 'd': return be_refused(t, item, why, err);
    default: break;
    }
    lem_json *copy = lem_json_copy(record);
    if (!copy) return lem_fail(err, LEM_EMEM, "out of memory while reading the ledger");
    be_done(t, item, copy, kind == 'c');
    return LEM_OK;
}

/* The item of a record; t->n if there is none. */
static size_t item_of(const lem_teach *t, const char *id) {
    char *end = NULL;
    if (!id[0] || !strchr("snxdrc", id[0]) || id[1] != ':') return t->n;
    if (t->o.parts.find) return t->o.parts.find(t->o.ctx, id + 2);
    if (id[2] < '0' || id[2] > '9') return t->n;
    unsigned long long i = strtoull(id + 2, &end, 10);
    return i < t->n && (!*end || *end == ':') ? (size_t)i : t->n;
}

lem_status lem_teach_visit(void *teach, const char *id, const lem_json *record, lem_err *err) {
    lem_teach *t = teach;
    if (strcmp(id, "again") == 0) {
        be_again(t);
        return LEM_OK;
    }
    size_t i = item_of(t, id);
    if (i >= t->n) return lem_fail(err, LEM_EDATA, "the ledger: unknown record '%.40s'", id);
    int64_t n = lem_json_int(lem_json_get(record, "n"), 1);
    if (t->o.group && (n < 1 || (uint64_t)n > t->o.group - i % t->o.group))
        return lem_fail(err, LEM_EDATA, "the ledger: record '%.40s' is of %lld items", id, (long long)n);
    return replay(t, id[0], &t->item[i], record, err);
}

/* ---- the cache ---- */

static lem_status visit_cache(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    lem_teach *t = ctx;
    int64_t at = 0;
    if (!lem_map_find(t->by_hash, id, strlen(id), &at)) return LEM_OK;
    lem_teach_item *item = &t->item[at];
    if (item->state != LEM_TEACH_PLANNED || item->sent) return LEM_OK;
    lem_json *copy = lem_json_copy(record);
    if (!copy) return lem_fail(err, LEM_EMEM, "out of memory while reading the cache");
    be_done(t, item, copy, true);
    return LEM_OK;
}

lem_status lem_teach_cache(lem_teach *t, const char *path, lem_err *err) {
    lem_status st = lem_journal_open(path, "replies by request", visit_cache, t, &t->cache, NULL, err);
    return st == LEM_OK ? LEM_OK : lem_err_context(err, "--cache");
}

/* ---- asked ---- */

void lem_teach_watch(lem_teach *t, lem_progress *p) { t->progress = p; }

const lem_json *lem_teach_reply(const lem_teach *t, size_t item) {
    return t->item[t->item[item].leader].reply;
}

size_t lem_teach_choice(const lem_teach *t, size_t item) { return item - t->item[item].leader; }

const char *lem_teach_why(const lem_teach *t, size_t item, lem_teach_billed *billed, int *tries) {
    const lem_teach_item *x = &t->item[t->item[item].leader];
    *billed = x->unsure ? (lem_teach_billed)x->billed : LEM_BILLED_NO;
    *tries = x->sent;
    bool waits = x->state == LEM_TEACH_PLANNED || x->state == LEM_TEACH_HELD;
    if (x->state == LEM_TEACH_DONE || (waits && !x->sent)) return NULL;
    return x->why ? x->why : "no reply";
}

lem_teach_stats lem_teach_count(const lem_teach *t) {
    lem_teach_stats s = {.requests = t->money.requests,
                         .tokens_in = t->money.in,
                         .tokens_out = t->money.out,
                         .unsure = t->money.unsure,
                         .cost = cost_of(t, t->money.in, t->money.out),
                         .cached = t->cached,
                         .budget_reached = t->budget_reached};
    for (size_t i = 0; i < t->n; i++) {
        const lem_teach_item *x = &t->item[t->item[i].leader];
        s.done += x->state == LEM_TEACH_DONE;
        s.dead +=
            x->state == LEM_TEACH_UNSURE || x->state == LEM_TEACH_GIVEN_UP || x->state == LEM_TEACH_REFUSED;
        s.shared += x->state == LEM_TEACH_DONE && t->item[i].leader != i && !t->o.group;
    }
    return s;
}

/* Whether the item is asked for by the request of the one before, as far as is known now. */
static bool goes_along(const lem_teach *t, size_t i) {
    size_t at = t->o.group ? i % t->o.group : 0;
    return at && at % (size_t)t->chunk && t->item[i - 1].state == LEM_TEACH_PLANNED;
}

void lem_teach_estimate(const lem_teach *t, uint64_t *requests, uint64_t *tokens_in) {
    lem_buf prompt = {0};
    *requests = *tokens_in = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->item[i].leader != i || t->item[i].state != LEM_TEACH_PLANNED || goes_along(t, i)) continue;
        size_t bytes = 0;
        if (prompt_bytes(t, i, &prompt, &bytes, NULL) != LEM_OK) break;
        (*requests)++;
        *tokens_in += (bytes + system_bytes(t) + 3) / 4 + 8;
    }
    lem_buf_release(&prompt);
}

lem_status lem_teach_first(lem_teach *t, lem_buf *out, lem_err *err) {
    for (size_t i = 0; i < t->n; i++)
        if (t->item[i].leader == i && t->item[i].state == LEM_TEACH_PLANNED) {
            (void)lem_teach_span(t, i);
            return lem_teach_body(t, i, true, out, err);
        }
    return LEM_OK;
}

/* test_power_loss.c - every command that writes, after every power loss: run again, it ends with the bytes of
 * a run that none disturbed
 *
 * Each command runs once under iolog.so. From its log the states that a power loss may leave behind each
 * operation (power.h) are made, and in each the command runs again. Then each sync of the run is left out in
 * turn: some state must then be bad, or the sync is not needed.
 * LEMMA_FAULTS=dense: all states; else a fixed share. LEMMA_POWER=TEXT: only commands with that text. */
#include "core/hash.h"
#include "core/mem.h"
#include "support/faults.h"
#include "support/power.h"

#include <limits.h>

static char log_path[80];

typedef struct scenario {
    const char *command, *words, *out, *before; /* before: words of a run whose result stands there; NULL */
    int stride;                                 /* of the states that the suite tries */
} scenario;

static const scenario more[] = {
    {"run", "r.yaml", "run", NULL, 24},
    {"sample", "--model m --prompts many.jsonl --n 1 --max-tokens 1", "s.jsonl", NULL, 24},
    {"sft", "--model m --lr 1e-2 --batch 1 --max-steps 4 --checkpoint-every 1 --data rows.jsonl", "m2", NULL,
     24},
    {"sample", "--model m --prompts rows.jsonl --n 2 --max-tokens 4 --overwrite", "s.jsonl",
     "--model m --prompts rows.jsonl --n 1 --max-tokens 4", 8},
    {"grade", "cand.jsonl --overwrite", "g.jsonl", "cand.jsonl --limit 1", 8},
    {"grade", "torn.jsonl --on-error skip --max-bad 0.9 --overwrite", "gt.jsonl", "cand.jsonl", 8},
    {"grade", "cand.jsonl --overwrite", "gu.jsonl", "torn.jsonl --on-error skip --max-bad 0.9", 8},
    {"grade", "torn.jsonl --on-error skip --max-bad 0.9 --skipped w/gone.jsonl", "gv.jsonl", NULL, 8},
    {"report", "sel.json trace.jsonl --overwrite", "r.html", "sel.json", 8},
    {"bench score", "sc.jsonl --k 1 --seeds 5 --overwrite", "bp.csv", "sc.jsonl --k 1 --seeds 4", 8},
    {"model convert", "m --overwrite", "c", "m2", 8},
    {"demo data", "--general 20 --sft 20 --easy 10 --rm 4 --val 2 --test 4 --overwrite", "d",
     "--general 20 --sft 10 --easy 10 --rm 4 --val 2 --test 4", 8},
    {"rm train", "--model m --lists l.jsonl --batch 1 --max-steps 3 --overwrite", "rm",
     "--model m --lists l.jsonl --batch 1 --max-steps 2", 8},
    {"sft", "--model m --lr 1e-2 --batch 1 --max-steps 2 --data rows.jsonl --overwrite", "m3",
     "--model m --lr 1e-2 --batch 1 --max-steps 1 --data rows.jsonl", 8},
    {"model quantize", "m --overwrite", "q", "m2", 8},
    {"synth answer", "rows.jsonl --teacher fails --max-failed 1 " ENDPOINT, "sx.jsonl", NULL, 8},
};
enum { N_MORE = sizeof more / sizeof *more, N_ALL = N_BASES + N_MORE };

static scenario scenario_at(int i) {
    if (i >= N_BASES) return more[i - N_BASES];
    return (scenario){bases[i].command, bases[i].words, bases[i].out, NULL, 8};
}

/* ---- running ---- */

static void line_of(const scenario *s, const char *env, const char *words, const char *also, char *line,
                    size_t n) {
    bool recipe = strcmp(s->command, "run") == 0;
    snprintf(line, n, "%s IOLOG_ROOT=%s LD_PRELOAD=%s exec %s %s %s %s %s%s/new/%s >%s 2>&1 </dev/null", env,
             root, LEMMA_IOLOG, LEMMA_BINARY, s->command, words, also, recipe ? "out=" : "--out ", root,
             s->out, said_path);
}

static void run_recorded(const scenario *s, const char *words, const char *to) {
    char env[512], line[4096];
    snprintf(env, sizeof env, "IOLOG_OUT=%s", to);
    line_of(s, env, words, "", line, sizeof line);
    if (system(line) != 0) fail_msg("%s %s: %s", s->command, words, said());
}

/* What one run did to files, in the state that an earlier one left, and what is to be there behind it. */
typedef struct record {
    power_log log;
    int from;              /* the operations before are an earlier run's */
    power_tree old, whole; /* what it left; what is there in the end */
    served again;          /* the same command, for each state */
} record;

static void record_start(record *r, const scenario *s) {
    char second[100], line[4096];
    *r = (record){.from = 0};
    power_empty(root);
    snprintf(second, sizeof second, "%s2", log_path);
    if (s->before) {
        run_recorded(s, s->before, log_path);
        power_log_read(&r->log, log_path);
        r->from = r->log.n;
        power_log_release(&r->log);
        power_tree_read(&r->old, root);
        run_recorded(s, s->words, second);
        snprintf(line, sizeof line, "cat %s >>%s", second, log_path);
        shell(line);
    } else {
        run_recorded(s, s->words, log_path);
    }
    power_log_read(&r->log, log_path);
    power_tree_read(&r->whole, root);
    power_tree played;
    power_tree_of(&r->log, &(power_cut){r->log.n, -1, POWER_ALL}, &played);
    if (power_tree_hash(&played) != power_tree_hash(&r->whole))
        fail_msg("%s: the log does not give what is there", s->command);
    power_tree_release(&played);
    /* a request that was under way when the power went may have been paid for: sent again if told to */
    line_of(s, "", s->words, strstr(s->words, "--endpoint") ? "--resend 9" : "", line, sizeof line);
    r->again = served_start(line);
}

static void record_end(record *r) {
    power_log_release(&r->log);
    power_tree_release(&r->old);
    power_tree_release(&r->whole);
    served_end(&r->again);
}

/* ---- what must be there, whatever the loss ---- */

static bool same(const power_file *a, const power_file *b) {
    return a && b && a->dir == b->dir && a->n == b->n && (a->n == 0 || memcmp(a->data, b->data, a->n) == 0);
}

/* Whether what `whole` has at path, or below it, is in the state too. */
static bool has_all(const power_tree *state, const power_tree *whole, const char *path) {
    size_t n = strlen(path);
    for (int i = 0; i < whole->n; i++) {
        const power_file *f = &whole->file[i];
        bool below = strncmp(f->path, path, n) == 0 && (n == 0 || f->path[n] == '/' || !f->path[n]);
        if (below && !same(f, power_tree_find(state, f->path))) return false;
    }
    return true;
}

/* Whether the output of a tree stands in the state, all of it but the manifest of a folder. */
static bool stands_in(const power_tree *state, const power_tree *tree, const char *out) {
    size_t n = strlen(out);
    bool any = false;
    for (int i = 0; i < tree->n; i++) {
        const power_file *f = &tree->file[i];
        if (strncmp(f->path, out, n) != 0 || (f->path[n] && f->path[n] != '/')) continue;
        if (strcmp(f->path + n, "/manifest.json") == 0) continue;
        if (!same(f, power_tree_find(state, f->path))) return false;
        any = true;
    }
    return any;
}

/* A checkpoint that got its name is safe as soon as the run does something else, until it is removed. */
static bool is_checkpoint(const power_log *log, int i, int at) {
    const power_op *o = &log->op[i];
    const char *step = o->op.kind == IOLOG_RENAME ? strstr(o->b, "/step-") : NULL;
    if (!step || strchr(step + 1, '/')) return false;
    size_t n = strlen(o->b);
    bool later = false;
    for (int k = i + 1; k < at; k++) {
        const power_op *l = &log->op[k];
        later = later || !l->sync;
        if (l->op.kind == IOLOG_REMOVE && strncmp(l->a, o->b, n) == 0) return false;
    }
    return later;
}

static bool is_mark(const power_op *o) {
    return o->op.kind == IOLOG_WRITE && o->op.n_data > 17 && memcmp(o->data + 9, "{\"_mark\":", 9) == 0;
}

/* What stands in a journal before a mark is safe, as long as the journal is there. */
static bool has_marked(const power_tree *state, const power_tree *all, const power_op *mark) {
    for (int i = 0; i < all->n; i++) {
        const power_file *f = &all->file[i], *g = power_tree_find(state, f->path);
        const char *name = strrchr(f->path, '/');
        if (!name || strcmp(name, "/journal") != 0 || f->n < mark->op.at) continue;
        if (!g || g->n < mark->op.at || memcmp(f->data, g->data, mark->op.at) != 0) return false;
    }
    return true;
}

/* What the run told to be safe, and the state lacks; NULL = nothing. What an earlier run made is there until
 * something else is in its place. */
static const char *lost(const record *r, const scenario *s, const power_cut *cut, const power_tree *state) {
    const power_log *log = &r->log;
    char out[100];
    snprintf(out, sizeof out, "new/%s", s->out);
    if (cut->at == log->n && !has_all(state, &r->whole, "")) return "lost after exit 0";
    if (r->from && !stands_in(state, &r->old, out) && !stands_in(state, &r->whole, out))
        return "neither the old result nor the new one is there";
    const char *why = NULL;
    power_tree all;
    power_tree_of(log, &(power_cut){cut->at, -1, POWER_ALL}, &all);
    for (int i = 0; i < cut->at && !why; i++) {
        if (is_checkpoint(log, i, cut->at) && !has_all(state, &all, log->op[i].b))
            why = "a checkpoint is lost";
        if (is_mark(&log->op[i]) && !has_marked(state, &all, &log->op[i])) why = "marked records are lost";
    }
    power_tree_release(&all);
    return why;
}

/* A kind of sync: of which file or folder, behind which change of it. */
typedef struct place {
    char name[200];
    int needed, idle; /* how many times a loss without it was bad, and was not */
} place;

typedef struct tally {
    int states, bad, syncs, idle, n_places;
    place places[200];
} tally;

static const char *const choices[] = {"nothing", "all", "names", "contents", "torn", "holes"};

static void describe(const power_log *log, const power_cut *cut, char *out, size_t n) {
    const power_op *o = &log->op[cut->at - 1];
    const char *a = o->a ? o->a : "";
    const char *b = o->b ? o->b : "";
    char d[80] = "";
    const char *kept = cut->choice >= 0 && cut->choice < POWER_RANDOM ? choices[cut->choice] : "some";
    if (cut->dropped >= 0) snprintf(d, sizeof d, " without sync %d", cut->dropped);
    snprintf(out, n, "after operation %d of %d (%d %.60s %.60s), kept %s %d%s", cut->at, log->n,
             (int)o->op.kind, a, b, kept, cut->choice, d);
}

static bool is_good(const record *r, const scenario *s, const power_cut *cut, const power_tree *state,
                    bool tell) {
    char what[400] = "";
    const char *why = lost(r, s, cut, state);
    int status = 0;
    if (!why) {
        power_tree now;
        power_empty(root);
        power_tree_write(state, root);
        status = served_run(&r->again, "", 0, 0);
        power_tree_read(&now, root);
        if (status != 0) why = said();
        else if (power_tree_hash(&now) != power_tree_hash(&r->whole)) why = "other bytes, or something left";
        for (int i = 0; tell && status == 0 && why && i < now.n; i++) {
            const power_file *f = power_tree_find(&r->whole, now.file[i].path);
            if (!same(f, &now.file[i]))
                print_message("    %s %s\n", now.file[i].path, f ? "differs" : "is left");
        }
        power_tree_release(&now);
    }
    if (why && tell) {
        describe(&r->log, cut, what, sizeof what);
        print_message("BAD lemma %s %.60s: %s: status %d, %.300s\n", s->command, s->words, what, status, why);
    }
    return !why;
}

/* ---- states ---- */

typedef struct seen {
    uint64_t *hash;
    int n;
} seen;

static bool is_new(seen *t, uint64_t hash) {
    for (int i = 0; i < t->n; i++)
        if (t->hash[i] == hash) return false;
    t->hash = realloc(t->hash, (size_t)(t->n + 1) * sizeof *t->hash);
    assert_non_null(t->hash);
    t->hash[t->n++] = hash;
    return true;
}

static void try_states(const record *r, const scenario *s, tally *t) {
    const power_log *log = &r->log;
    seen known = {NULL, 0};
    int k = 0, stride = dense ? 1 : s->stride;
    for (int at = r->from + 1; at <= log->n; at++)
        for (int choice = 0; choice < POWER_RANDOM + (dense ? 12 : 4); choice++) {
            power_cut cut = {at, -1, choice};
            power_tree state;
            power_tree_of(log, &cut, &state);
            if (is_new(&known, power_tree_hash(&state) + (at == log->n)) && k++ % stride == 0) {
                t->states++;
                t->bad += !is_good(r, s, &cut, &state, true);
            }
            power_tree_release(&state);
        }
    free(known.hash);
}

/* The next sync of the same file or folder, or the end. */
static int next_sync(const power_log *log, int k) {
    int i = k + 1;
    while (i < log->n && !(log->op[i].sync && log->op[i].node == log->op[k].node)) i++;
    return i;
}

/* Whether some loss is bad without sync k, at a moment behind which the same is synced again: with all lost
 * that nothing else keeps, or just what the sync was for, or one operation of that. */
static bool is_needed_at(const record *r, const scenario *s, int k, int at, seen *known) {
    int kept = power_kept_by(&r->log, k, at);
    for (int choice = POWER_NOTHING; choice >= -1 - (kept < 8 ? kept : 8); choice--) {
        power_cut cut = {at, k, choice};
        power_tree state;
        power_tree_of(&r->log, &cut, &state);
        bool bad = is_new(known, power_tree_hash(&state) + (at == r->log.n)) &&
                   !is_good(r, s, &cut, &state, getenv("LEMMA_POWER_WHY") != NULL);
        power_tree_release(&state);
        if (bad) return true;
    }
    return false;
}

/* At the last moments before the same is synced again, and at the first behind it, ever further apart; dense:
 * at each. */
static bool is_needed(const record *r, const scenario *s, int k) {
    seen known = {NULL, 0};
    int last = next_sync(&r->log, k);
    bool needed = false;
    for (int d = 0; d < last - k && !needed; d = dense ? d + 1 : 2 * d + 1) {
        needed = is_needed_at(r, s, k, last - d, &known) || is_needed_at(r, s, k, k + 1 + d, &known);
    }
    free(known.hash);
    return needed;
}

/* A path without what differs between runs: OUT for the output, # for numbers. A stage of a recipe has the
 * names that its command has alone. */
static void plain(const char *path, const char *out, char *to, size_t n) {
    bool recipe = strcmp(out, "run") == 0;
    const char *const outs[][2] = {{"run/m", "OUT"}, {"run/g.jsonl", "OUT"}, {out, recipe ? "new" : "OUT"}};
    size_t k = 0;
    const char *at = strncmp(path, "new/", 4) == 0 ? path + 4 : path;
    for (int i = 0; i < 3 && !k; i++) {
        if (strncmp(at, outs[i][0], strlen(outs[i][0])) != 0) continue;
        k = (size_t)snprintf(to, n, "%s", outs[i][1]);
        at += strlen(outs[i][0]);
    }
    for (; *at && k + 1 < n; at++) {
        bool digit = *at >= '0' && *at <= '9';
        if (digit && k && to[k - 1] == '#') continue;
        to[k++] = digit ? '#' : *at;
    }
    to[k] = '\0';
}

static place *place_named(tally *t, const char *name) {
    for (int i = 0; i < t->n_places; i++)
        if (strcmp(t->places[i].name, name) == 0) return &t->places[i];
    if (t->n_places == 200) abort();
    snprintf(t->places[t->n_places].name, sizeof t->places[0].name, "%s", name);
    return &t->places[t->n_places++];
}

/* The last change of a folder's entries before operation k; NULL = none, or a file. */
static const power_op *last_change(const power_log *log, int k) {
    for (int i = k; i-- > 0;)
        if (log->op[i].dir_a == log->op[k].node || log->op[i].dir_b == log->op[k].node) return &log->op[i];
    return NULL;
}

static place *place_of(tally *t, const power_log *log, const scenario *s, int k) {
    static const char *const verbs[] = {"made",    "made",   "",        "",         "",
                                        "renamed", "linked", "removed", "exchanged"};
    char object[90] = "the folder of the job", name[200], change[80] = "it";
    const power_op *last = last_change(log, k);
    for (int i = 0; i < log->n; i++) {
        const power_op *o = &log->op[i];
        const char *path = o->b ? o->b : o->a;
        if (o->node == log->op[k].node && path && o->node > 0) plain(path, s->out, object, sizeof object);
    }
    if (last) plain(last->b ? last->b : last->a, s->out, change, sizeof change);
    snprintf(name, sizeof name, "%s, when %s was %s", object, change,
             last ? verbs[last->op.kind] : "written");
    return place_named(t, name);
}

static void drop_syncs(const record *r, const scenario *s, tally *t) {
    const power_log *log = &r->log;
    for (int k = r->from; k < log->n; k++) {
        if (!log->op[k].sync) continue;
        place *p = place_of(t, log, s, k);
        if (p->needed && !dense) continue; /* seen: the same of another command */
        t->syncs++;
        if (is_needed(r, s, k)) p->needed++;
        else p->idle++;
    }
}

/* Kinds of syncs without which no loss is bad, and why they are there all the same. */
static const struct argued {
    const char *name, *why;
} argued[] = {
    {"OUT, when OUT/general.jsonl was renamed",
     "before a folder's last manifest; here it has the digest of all files, of other commands not of each"},
};
enum { N_ARGUED = sizeof argued / sizeof *argued };

static const char *argument(const char *name) {
    for (int i = 0; i < N_ARGUED; i++)
        if (strcmp(argued[i].name, name) == 0) return argued[i].why;
    return NULL;
}

static void count_idle(tally *t) {
    for (int i = 0; i < t->n_places; i++) {
        const place *p = &t->places[i];
        const char *why = argument(p->name);
        if (p->needed && why) fail_msg("sync of %s: needed, and argued not to be", p->name);
        bool idle = p->needed == 0 && !why;
        t->idle += idle;
        print_message("%s sync of %s: %d needed, %d not", idle ? "IDLE" : "    ", p->name, p->needed,
                      p->idle);
        if (why) print_message("; it is %s", why);
        print_message("\n");
    }
}

static void every_power_loss(void **state) {
    (void)state;
    tally t = {0};
    const char *only = getenv("LEMMA_POWER");
    for (int i = 0; i < N_ALL; i++) {
        scenario s = scenario_at(i);
        record r;
        char name[400];
        tally before = t;
        snprintf(name, sizeof name, "%s %s", s.command, s.words);
        if (!in_part(i) || (only && !strstr(name, only))) continue;
        record_start(&r, &s);
        try_states(&r, &s, &t);
        drop_syncs(&r, &s, &t);
        print_message("%s %.50s: %d operations, %d states, %d bad; %d syncs left out\n", s.command, s.words,
                      r.log.n - r.from, t.states - before.states, t.bad - before.bad, t.syncs - before.syncs);
        record_end(&r);
    }
    count_idle(&t);
    print_message("%d states, %d bad; %d syncs left out, of %d kinds, %d never needed\n", t.states, t.bad,
                  t.syncs, t.n_places, t.idle);
    assert_int_equal(t.bad, 0);
    if (!only && !getenv("LEMMA_FAULTS_PART")) assert_int_equal(t.idle, 0);
}

static int set_up(void **state) {
    (void)state;
    if (faults_enter("power") != 0) return -1;
    snprintf(log_path, sizeof log_path, "%s/log", in);
    shell("for i in $(seq 150); do printf '{\"problem\":\"%s\",\"expected_answer\":\"1\"}\\n' $i; done "
          ">many.jsonl");
    shell("{ cat cand.jsonl; echo oh; echo '[]'; } >torn.jsonl");
    write_text("r.yaml",
               "name: r\nvars: {out: run}\nstages:\n"
               "  - {name: a, command: sft, from-scratch: true, layers: 1, width: 32, heads: 2, vocab: 270, "
               "context: 64, batch: 1, max-steps: 2, data: rows.jsonl, out: \"${out}/m\"}\n"
               "  - {name: b, command: grade, words: [cand.jsonl], out: \"${out}/g.jsonl\"}\n");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_power_loss)};
    return cmocka_run_group_tests(tests, set_up, faults_leave);
}

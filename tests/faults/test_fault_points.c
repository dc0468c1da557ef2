/* test_fault_points.c - every command that writes, with the n-th write, sync, rename, open, unlink, mkdir,
 * truncation or allocation failing: an error with the right exit status or the right bytes, and run again it
 * completes
 *
 * Operations fail by iolog.so. LEMMA_FAULTS=dense: each operation, and allocations 1, 2, … 400 and some
 * later; else a share. LEMMA_POWER=TEXT: only commands with that text; LEMMA_FAULT=KIND or KIND:N: only those
 * operations; with IOLOG_TRACE=1 what fails and ends badly is shown with its stack. */
#include "core/mem.h"
#include "support/faults.h"
#include "support/power.h"

#include <errno.h>

static char counts_path[80];
static iolog_request chosen; /* LEMMA_FAULT */

static const struct kind {
    const char *name;
    int error, status;
} kinds[] = {{"write", ENOSPC, 8},  {"short", 0, 8},      {"sync", EIO, 8},
             {"rename", EACCES, 8}, {"open", EMFILE, 8},  {"unlink", EACCES, 8},
             {"mkdir", ENOSPC, 8},  {"truncate", EIO, 8}, {"alloc", ENOMEM, 5}};
enum { N_KINDS = sizeof kinds / sizeof *kinds, RENAME = 3, ALLOC = 8 };

typedef struct tally {
    int points[N_KINDS], bad;
} tally;

typedef struct program {
    served first, again; /* again: behind a failure */
    power_tree whole;    /* what must be there in the end */
} program;

static bool is_part(void) { return chosen.kind[0] || getenv("LEMMA_POWER") || getenv("LEMMA_FAULTS_PART"); }

static void line_of(const base *b, const char *env, const char *also, char *line, size_t n) {
    snprintf(line, n,
             "%s IOLOG_ROOT=%s LD_PRELOAD=%s exec %s %s %s --quiet %s --out %s/new/%s >%s 2>&1 </dev/null",
             env, root, LEMMA_IOLOG, LEMMA_BINARY, b->command, b->words, also, root, b->out, said_path);
}

static void start(const base *b, program *p, long n[N_KINDS]) {
    char env[200], line[4096];
    power_empty(root);
    snprintf(env, sizeof env, "IOLOG_COUNTS=%s", counts_path);
    line_of(b, env, "", line, sizeof line);
    if (system(line) != 0) fail_msg("%s %s: %s", b->command, b->words, said());
    power_tree_read(&p->whole, root);
    FILE *f = fopen(counts_path, "r");
    assert_non_null(f);
    for (int k = 0; k < N_KINDS; k++) assert_int_equal(fscanf(f, "%ld", &n[k]), 1);
    fclose(f);
    line_of(b, "", "", line, sizeof line);
    p->first = served_start(line);
    line_of(b, "", strstr(b->words, "--endpoint") ? "--resend 9" : "", line, sizeof line);
    p->again = served_start(line);
}

static void end(program *p) {
    served_end(&p->first);
    served_end(&p->again);
    power_tree_release(&p->whole);
}

static bool has_all(const power_tree *now, const power_tree *whole) {
    for (int i = 0; i < whole->n; i++) {
        const power_file *w = &whole->file[i], *f = power_tree_find(now, w->path);
        if (!f || f->n != w->n || (w->n && memcmp(f->data, w->data, w->n) != 0)) return false;
    }
    return true;
}

/* NULL if the outcome is one that may be. What cannot be removed may be left. */
static const char *judge(int kind, int status, const power_tree *now, const power_tree *whole) {
    if (status >= 126) return "died";
    if (status == 0) return has_all(now, whole) ? NULL : "exit 0 without the result";
    if (status != kinds[kind].status) return "another exit status";
    return strstr(said(), "lemma ") ? NULL : "no message";
}

static void try_point(const base *b, int kind, long n, const program *p, tally *t) {
    char text[2000];
    power_tree now;
    power_empty(root);
    int status = served_run(&p->first, kinds[kind].name, n, kinds[kind].error);
    power_tree_read(&now, root);
    const char *why = judge(kind, status, &now, &p->whole);
    power_tree_release(&now);
    snprintf(text, sizeof text, "%s", said());
    if (!why && status != 0) {
        int again = served_run(&p->again, "", 0, 0);
        power_tree_read(&now, root);
        if (again != 0) why = "the second run fails";
        else if (power_tree_hash(&now) != power_tree_hash(&p->whole))
            why = "the second run leaves something else";
        power_tree_release(&now);
        if (again != 0) snprintf(text, sizeof text, "%s", said());
    }
    t->points[kind]++;
    if (!why) return;
    t->bad++;
    print_message("BAD lemma %s %.40s: %s %ld: %s, status %d: %.*s\n", b->command, b->words, kinds[kind].name,
                  n, why, status, getenv("IOLOG_TRACE") ? 1999 : 200, text);
}

static void try_command(const base *b, int which, tally *t) {
    long n[N_KINDS];
    program p;
    start(b, &p, n);
    for (int k = 0; k < N_KINDS; k++) {
        if (chosen.kind[0] && strcmp(chosen.kind, kinds[k].name) != 0) continue;
        if (chosen.n) {
            try_point(b, k, chosen.n, &p, t);
            continue;
        }
        long at_most = dense ? 600 : 64, from = 1, step = 2 - dense;
        if (!dense) from += which % 2;
        if (k == ALLOC) step = n[k] / at_most + 1;
        for (long i = from; i <= n[k]; i += step) try_point(b, k, i, &p, t);
    }
    end(&p);
    if (dense) print_message("lemma %s %.40s: %ld allocations\n", b->command, b->words, n[ALLOC]);
}

static void every_point(void **state) {
    (void)state;
    tally t = {0};
    int points = 0;
    const char *only = getenv("LEMMA_POWER");
    for (int i = 0; i < N_BASES; i++) {
        char name[400];
        snprintf(name, sizeof name, "%s %s", bases[i].command, bases[i].words);
        if (in_part(i) && (!only || strstr(name, only))) try_command(&bases[i], i, &t);
    }
    for (int k = 0; k < N_KINDS; k++) {
        print_message("%s: %d points\n", kinds[k].name, t.points[k]);
        points += t.points[k];
    }
    print_message("%d points, %d bad\n", points, t.bad);
    assert_int_equal(t.bad, 0);
    if (!is_part()) assert_true(points >= 3000);
}

static const struct other {
    const char *front, *back; /* of the output's name */
} others[] = {{"", ".tmp.2024"},  {"", ".tmp"},       {".", ".swp"},      {"", "~"},
              {"", ".job.tmp.7"}, {"", ".partial.1"}, {"", ".lemma-tmp"}, {"", ".lemma-tmp.x1"},
              {"tmp.1234", ""},   {"scratch.1", ""}};
enum { N_OTHERS = sizeof others / sizeof *others };

static void other_path(const base *b, int k, char path[300]) {
    snprintf(path, 300, "new/%s%s%s", others[k].front, b->out, others[k].back);
}

static void put_others(const base *b) {
    char path[300], line[600];
    snprintf(path, sizeof path, "%s/new", root);
    assert_int_equal(mkdir(path, 0777), 0);
    for (int k = 0; k < N_OTHERS; k++) {
        other_path(b, k, path);
        snprintf(line, sizeof line, "%s/%s", root, path);
        write_text(line, path);
    }
    snprintf(line, sizeof line, "touch %s/new/%s" LEM_TEMP_MARK "77.1", root, b->out);
    if (!lem_file_is_dir(b->out)) shell(line);
}

static int others_left(const base *b, const power_tree *now) {
    char path[300];
    int n = 0;
    for (int k = 0; k < N_OTHERS; k++) {
        other_path(b, k, path);
        const power_file *f = power_tree_find(now, path);
        n += f && f->n == strlen(path) && memcmp(f->data, path, f->n) == 0;
    }
    return n;
}

/* What else stands beside an output, as others name what is temporary, is left as it is by a run that fails
 * and by one that ends. What a killed writer of ours left is swept. */
static void files_of_others(void **state) {
    (void)state;
    if (is_part()) skip();
    for (int i = 0; i < N_BASES; i++) {
        const base *b = &bases[i];
        long n[N_KINDS];
        program p;
        power_tree now;
        start(b, &p, n);
        power_empty(root);
        put_others(b);
        if (served_run(&p.first, "rename", n[RENAME], EACCES) == 0) fail_msg("%s: no rename", b->command);
        if (served_run(&p.again, "", 0, 0) != 0) fail_msg("%s: %s", b->command, said());
        power_tree_read(&now, root);
        if (others_left(b, &now) != N_OTHERS || !has_all(&now, &p.whole) || now.n != p.whole.n + N_OTHERS)
            fail_msg("lemma %s: of %d files of others %d are left, and %d files of %d in all", b->command,
                     N_OTHERS, others_left(b, &now), now.n, p.whole.n + N_OTHERS);
        power_tree_release(&now);
        end(&p);
    }
}

/* What is printed and lost is no success. */
static void prints_to_full_stdout(const char *command, const char *words, const char *out) {
    char line[4096];
    power_empty(root);
    snprintf(line, sizeof line, "%s %s %s%s%s >/dev/full 2>%s", LEMMA_BINARY, command, words,
             *out ? " --out w/" : "", out, said_path);
    int raw = system(line), status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
    if (status != 8) fail_msg("%s: status %d: %s", line, status, said());
}

/* What is printed and lost is no success. */
static void a_full_stdout(void **state) {
    (void)state;
    if (is_part()) skip();
    static const char *const printers[] = {"doctor --json",
                                           "maps --json",
                                           "bench list --json",
                                           "model info m --json",
                                           "bench show math500 --json",
                                           "template show m --json",
                                           "data inspect rows.jsonl --json",
                                           "help",
                                           "help --json",
                                           "version",
                                           "grade --help",
                                           "man"};
    for (int i = 0; i < N_BASES; i++) {
        char words[2000];
        snprintf(words, sizeof words, "%s --json", bases[i].words);
        prints_to_full_stdout(bases[i].command, words, bases[i].out);
    }
    for (size_t i = 0; i < sizeof printers / sizeof *printers; i++)
        prints_to_full_stdout(printers[i], "", "");
}

static int set_up(void **state) {
    (void)state;
    if (faults_enter("faults") != 0) return -1;
    snprintf(counts_path, sizeof counts_path, "%s/counts", in);
    const char *only = getenv("LEMMA_FAULT");
    if (only) (void)sscanf(only, "%15[a-z]:%ld", chosen.kind, &chosen.n);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_full_stdout), cmocka_unit_test(files_of_others),
                                       cmocka_unit_test(every_point)};
    return cmocka_run_group_tests(tests, set_up, faults_leave);
}

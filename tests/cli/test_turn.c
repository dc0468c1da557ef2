/* test_turn.c - every option of every command that writes, turned once: another job, or the same bytes
 *
 * Each command is run once on small inputs. Then, for each of its options, the same command with another
 * value of that option into the same --out must end with exit 2, naming the option with its old and its new
 * value, and leave what is there as it is. An option whose row says that it changes nothing is run again from
 * nothing (--fresh) under another value, and must give the same bytes. */
#include "cli/commands.h"
#include "core/file.h"
#include "core/mem.h"
#include "support/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/lemma-turn-XXXXXX";

static void same_as_saved(const char *out, const char *what) {
    char command[256];
    snprintf(command, sizeof command, "diff -r saved/%s %s >/dev/null && [ ! -e %s.job ] && [ ! -e %s.lock ]",
             out, out, out, out);
    if (system(command) != 0) fail_msg("%s: other bytes, or something left beside %s", what, out);
    snprintf(command, sizeof command,
             "[ ! -f %s.manifest.json ] || diff saved/%s.manifest.json %s.manifest.json", out, out, out);
    if (system(command) != 0) fail_msg("%s: another manifest", what);
}

static int set_up(void **state) {
    (void)state;
    if (bases_start() != 0) return -1;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    bases_write_inputs();
    for (int i = 0; i < N_BASES; i++) {
        char command[256];
        bases_run(i);
        snprintf(command, sizeof command,
                 "mkdir -p saved; cp -r %s saved/; [ ! -f %s.manifest.json ] || cp %s.manifest.json saved/",
                 bases[i].out, bases[i].out, bases[i].out);
        shell(command);
    }
    shell("cp -r m other-dir && echo >>other-dir/config.json");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    faultd_stop(server);
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

/* ---- another value ---- */

static bool stands_in(const char *words, const char *name, char value[128]) {
    char flag[80];
    snprintf(flag, sizeof flag, "--%s ", name);
    const char *at = strstr(words, flag);
    if (!at) return false;
    snprintf(value, 128, "%.*s", (int)strcspn(at + strlen(flag), " "), at + strlen(flag));
    return true;
}

static void other_number(const lem_opt *o, const char *now, char *out, size_t n) {
    double v = now ? strtod(now, NULL) : 0, w = v > 0 ? 2 * v : v + 1;
    if (o->min < o->max && w > o->max) w = o->type == LEM_OPT_INT ? (double)((int64_t)v / 2) : v / 2;
    if (o->min < o->max && w < o->min) w = o->min + (o->type == LEM_OPT_INT ? 1 : 0.001);
    snprintf(out, n, "%.15g", w);
}

static void other_choice(const lem_opt *o, const char *now, char *out) {
    char one[32];
    const bool computes = strcmp(o->name, "compute") == 0; /* its auto is what the run that is there chose */
    for (int i = 0; lem_opt_choice(o, i, one); i++)
        if ((!now || strcmp(one, now) != 0) && !(computes && strcmp(one, "auto") == 0)) strcpy(out, one);
}

static const char *other_path(const lem_opt *o) {
    return o->arg && strcmp(o->arg, "DIR") == 0 ? "other-dir" : "other-file";
}

/* Options whose other value is known: another address, a budget in which all fits, a journal or none. */
static const struct {
    const char *option, *value;
} named[] = {{"endpoint", SERVER "/"},   {"budget", "8h"},          {"key-file", "turned.key"},
             {"config", "threads.yaml"}, {"cache", "turned.cache"}, {"draft", "m"}};

/* "--name value" with a value that differs from the one in `words`, or from the default. */
static void turned(const lem_opt *o, const char *words, char out[256]) {
    char given[128], value[160] = "turned";
    const char *now = stands_in(words, o->name, given) ? given : o->standard;
    if (o->type == LEM_OPT_FLAG) {
        char flag[80];
        snprintf(flag, sizeof flag, "--%s", o->name);
        snprintf(out, 256, "%s=%s", flag, strstr(words, flag) ? "false" : "true");
        return;
    }
    if (o->type == LEM_OPT_TREE) {
        snprintf(out, 256, "--config %s.yaml", o->name);
        return;
    }
    if (o->type == LEM_OPT_INT || o->type == LEM_OPT_NUM) other_number(o, now, value, sizeof value);
    if (o->type == LEM_OPT_ENUM) other_choice(o, now, value);
    if (o->type == LEM_OPT_SIZE) snprintf(value, sizeof value, "1GiB");
    if (o->type == LEM_OPT_INPUT || o->type == LEM_OPT_INPUTS)
        snprintf(value, sizeof value, "%s", other_path(o));
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcmp(o->name, named[i].option) == 0) snprintf(value, sizeof value, "%s", named[i].value);
    snprintf(out, 256, "--%s %s", o->name, value);
}

/* The name of the option as messages tell it, with old and new value. */
static void expect_refusal(const base *b, const lem_opt *o, const char *change) {
    char what[400], name[96], *said;
    snprintf(what, sizeof what, "lemma %s … %s", b->command, change);
    int status = lemma(b->command, b->words, b->out, change, &said);
    snprintf(name, sizeof name, o->type == LEM_OPT_TREE ? "%s[0]." : "%s", o->name);
    bool needed = strcmp(o->name, "from-scratch") == 0 && strstr(said, "is missing");
    if (status != 2 ||
        (!needed && (!strstr(said, name) || !strstr(said, " was ") || !strstr(said, "is now "))))
        fail_msg("%s: status %d, said %s", what, status, said);
    free(said);
    same_as_saved(b->out, what);
}

static void expect_same_bytes(const base *b, const char *change) {
    char more[320], what[400], *said;
    snprintf(what, sizeof what, "lemma %s … %s", b->command, change);
    snprintf(more, sizeof more, "--fresh %s", change);
    if (lemma(b->command, b->words, b->out, more, &said) != 0) fail_msg("%s: %s", what, said);
    free(said);
    same_as_saved(b->out, what);
}

static bool turns_into_another_command(const base *b, const lem_opt *o) {
    if (strcmp(o->name, "budget") == 0) return strstr(b->words, "--endpoint") != NULL; /* of models here */
    if (strcmp(o->name, "endpoint") == 0) return strstr(b->words, "--endpoint") == NULL;
    return strcmp(b->command, "grade") == 0 && strcmp(o->name, "explain") == 0;
}

/* A shard is another output: what is there stays, and the part stands beside it. */
static bool makes_a_shard(const base *b, const lem_opt *o) {
    char more[64], name[96], command[400], *said;
    bool parts = strcmp(o->name, "take-over") == 0;
    if (!parts && strcmp(o->name, "shard") != 0) return false;
    snprintf(more, sizeof more, "--shard 1/2%s", parts ? " --take-over 2/3" : "");
    if (lemma(b->command, b->words, b->out, more, &said) != 0) fail_msg("%s %s: %s", b->command, more, said);
    free(said);
    snprintf(name, sizeof name, "%s.shard-%s", b->out, parts ? "2-of-6" : "1-of-2");
    snprintf(command, sizeof command, "[ -e %s ] && [ -e %s.manifest.json ] && rm %s*", name, name, name);
    shell(command);
    same_as_saved(b->out, more);
    return true;
}

/* Its seed and limit are those of the shards: refused without a word of what they were. */
static bool merge_has_none(const base *b, const lem_opt *o, const char *change) {
    char *said;
    if (strcmp(b->command, "merge") != 0 || o->effect == LEM_OPT_CHANGES_NOTHING) return false;
    if (lemma(b->command, b->words, b->out, change, &said) != 2 || !strstr(said, o->name))
        fail_msg("merge %s: %s", change, said);
    free(said);
    return true;
}

static void turn_command(const base *b, int *refused, int *same) {
    const lem_command *cmd = lem_command_find(lem_commands, b->command);
    const lem_opt *o;
    char change[256];
    assert_non_null(cmd);
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++) {
        if (strcmp(o->name, "out") == 0 || turns_into_another_command(b, o)) continue;
        turned(o, b->words, change);
        if (makes_a_shard(b, o) || merge_has_none(b, o, change)) continue;
        if (o->effect == LEM_OPT_CHANGES_NOTHING) {
            expect_same_bytes(b, change);
            (*same)++;
        } else {
            expect_refusal(b, o, change);
            (*refused)++;
        }
    }
}

static bool is_recipe(const char *name) {
    return strcmp(name, "run") == 0 || strcmp(name, "demo") == 0 || strcmp(name, "bench run") == 0;
}

/* Every command that writes is on the list above, or is a recipe. */
static void no_command_is_forgotten(void **state) {
    (void)state;
    for (int i = 0; lem_commands[i]; i++) {
        bool known = lem_commands[i]->output == LEM_OUTPUT_NONE || is_recipe(lem_commands[i]->name);
        for (int k = 0; k < N_BASES; k++)
            known = known || strcmp(bases[k].command, lem_commands[i]->name) == 0;
        if (!known) fail_msg("lemma %s writes and is not turned here", lem_commands[i]->name);
    }
}

static void every_option_counts_or_changes_nothing(void **state) {
    (void)state;
    int refused = 0, same = 0;
    for (int i = 0; i < N_BASES; i++) turn_command(&bases[i], &refused, &same);
    print_message("%d options refused by name, %d changed nothing\n", refused, same);
    assert_true(refused > 100 && same > 80);
}

/* The same command again is complete, or writes the same bytes again. */
static void the_same_command_again(void **state) {
    (void)state;
    for (int i = 0; i < N_BASES; i++) {
        char *said;
        if (lemma(bases[i].command, bases[i].words, bases[i].out, "", &said) != 0)
            fail_msg("%s: %s", bases[i].command, said);
        free(said);
        same_as_saved(bases[i].out, bases[i].command);
    }
}

/* Another path to --out gives the same bytes. */
static void where_it_goes_changes_nothing(void **state) {
    (void)state;
    for (int i = 0; i < N_BASES; i++) {
        char *said, path[64], command[256];
        snprintf(path, sizeof path, "elsewhere/%s", bases[i].out);
        if (lemma(bases[i].command, bases[i].words, path, "", &said) != 0)
            fail_msg("%s: %s", bases[i].command, said);
        free(said);
        snprintf(command, sizeof command, "diff -r saved/%s %s && rm -rf elsewhere", bases[i].out, path);
        shell(command);
    }
}

/* A dry run writes nothing, makes no folder and leaves no lock. */
static void a_dry_run_leaves_nothing(void **state) {
    (void)state;
    for (int i = 0; i < N_BASES; i++) {
        char *said, path[64];
        snprintf(path, sizeof path, "dry/%s", bases[i].out);
        if (lemma(bases[i].command, bases[i].words, path, "--dry-run", &said) != 0)
            fail_msg("%s: %s", bases[i].command, said);
        free(said);
        if (lem_file_exists("dry")) fail_msg("lemma %s --dry-run leaves something", bases[i].command);
    }
}

/* What was edited by hand, and what lemma never wrote, is not taken for the result and not written over. */
static void foreign_output_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < N_BASES; i++) {
        char *said, command[256];
        const base *b = &bases[i];
        bool folder = lem_file_is_dir(b->out);
        snprintf(command, sizeof command, "rm -rf foreign*; %s",
                 folder ? "mkdir foreign.html && echo x >foreign.html/notes.txt" : "echo x >foreign.html");
        shell(command);
        if (lemma(b->command, b->words, "foreign.html", "", &said) != 2 || !strstr(said, "no manifest says"))
            fail_msg("%s: %s", b->command, said);
        free(said);
        shell(folder ? "[ \"$(ls foreign.html)\" = notes.txt ]" : "[ \"$(cat foreign.html)\" = x ]");
        shell("rm -rf foreign*");
    }
}

/* A recipe takes the options of its stages: one changed is refused by stage and name. */
static void a_recipe_turns_them_too(void **state) {
    (void)state;
    char *said, change[256], more[300];
    const lem_command *sft = lem_command_find(lem_commands, "sft");
    const lem_opt *o;
    write_text("r.yaml",
               "name: r\nvars: {out: run}\nstages:\n  - {name: a, command: sft, from-scratch: true, "
               "layers: 1, width: 32, heads: 2, vocab: 270, context: 64, batch: 1, max-steps: 2, "
               "data: rows.jsonl, out: \"${out}/m\"}\n");
    assert_int_equal(lemma("run", "r.yaml", "run", "", &said), 0);
    free(said);
    for (int i = 0; (o = lem_opt_at(sft, i)); i++) {
        if (o->effect == LEM_OPT_CHANGES_NOTHING || o->type == LEM_OPT_TREE) continue;
        turned(o,
               "--from-scratch --max-steps 2 --layers 1 --width 32 --heads 2 --vocab 270 --context 64 "
               "--batch 1 ",
               change);
        char *space = strchr(change, ' ');
        if (space) *space = '=';
        snprintf(more, sizeof more, "a.%s", change + 2);
        int status = lemma("run", "r.yaml", "run", more, &said);
        bool missing = strstr(said, "is missing") != NULL; /* from-scratch=false leaves no model */
        if (status != 2 || (!missing && (!strstr(said, "stage a") || !strstr(said, "is now "))))
            fail_msg("run … %s: status %d, said %s", more, status, said);
        free(said);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_command_is_forgotten),
        cmocka_unit_test(the_same_command_again),
        cmocka_unit_test(every_option_counts_or_changes_nothing),
        cmocka_unit_test(where_it_goes_changes_nothing),
        cmocka_unit_test(a_dry_run_leaves_nothing),
        cmocka_unit_test(foreign_output_is_refused),
        cmocka_unit_test(a_recipe_turns_them_too),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

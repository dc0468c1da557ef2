/* test_rm_train.c - rm train from outside: what is validated in training is what rm score gives of the model,
 * of every goal; kinds of lists; several files; the split; words about lists that teach little; what does not
 * go together */
#include "core/buf.h"
#include "core/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define L LEMMA_BINARY
enum { PROBLEMS = 30, EACH = 4 };

/* Runs a command line; both streams into *said (caller releases). */
static int run(const char *line, lem_buf *said) {
    char full[1024];
    snprintf(full, sizeof full, "%s 2>err.txt </dev/null; s=$?; cat err.txt; exit $s", line);
    FILE *f = popen(full, "r");
    assert_non_null(f);
    lem_buf_clear(said);
    for (int c; (c = getc(f)) != EOF;) lem_buf_putc(said, (char)c);
    int status = pclose(f);
    return status < 0 ? 128 : status >> 8;
}

static void done(const char *line) {
    lem_buf said = {0};
    if (run(line, &said) != 0) fail_msg("%s: %s", line, lem_buf_str(&said));
    lem_buf_release(&said);
}

static void expect(const char *line, int status, const char *words) {
    lem_buf said = {0};
    int got = run(line, &said);
    if (got != status || !strstr(lem_buf_str(&said), words))
        fail_msg("%s: status %d, %s", line, got, lem_buf_str(&said));
    lem_buf_release(&said);
}

/* The object that --json prints. */
static lem_json *object_of(const char *line) {
    lem_buf said = {0};
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    if (run(line, &said) != 0) fail_msg("%s: %s", line, lem_buf_str(&said));
    size_t n = strcspn(lem_buf_str(&said), "\n");
    assert_int_equal(lem_json_parse(lem_buf_str(&said), n, &o, &err), LEM_OK);
    lem_buf_release(&said);
    return o;
}

/* Problems with as many responses; every second is right. `form` 0: lists, 1: graded candidates, 2: AceMath's
 * rows, 3: pairs of the first two. */
static void write_rows(const char *path, int form) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < PROBLEMS; i++) {
        if (form < 2) {
            fprintf(f,
                    form ? "{\"problem\":\"p%d\",\"completions\":[" : "{\"problem\":\"p%d\",\"responses\":[",
                    i);
            for (int k = 0; k < EACH; k++) fprintf(f, "%s\"it is %d%d\"", k ? "," : "", i * k, k);
            fprintf(f, form ? "],\"correct\":[false" : "],\"labels\":[false");
            for (int k = 1; k < EACH; k++) fprintf(f, ",%s", k % 2 ? "true" : "false");
            fprintf(f, "]}\n");
        }
        for (int k = 0; form == 2 && k < EACH; k++)
            fprintf(f,
                    "{\"message\":[{\"role\":\"system\",\"content\":\"x\"},{\"role\":\"user\",\"content\":"
                    "\"p%d\"},{\"role\":\"assistant\",\"content\":\"it is %d%d\"}],\"label\":%d}\n",
                    i, i * k, k, k % 2);
        if (form == 3)
            fprintf(f, "{\"prompt\":\"p%d\",\"chosen\":\"it is %d1\",\"rejected\":\"it is 00\"}\n", i, i);
    }
    fclose(f);
}

static double val_of(const lem_json *o, const char *name) {
    return lem_json_num(lem_json_get(lem_json_get(o, "val"), name), NAN);
}

/* Accuracy of pairs and margin from the scored file, by logits where scores are probabilities. */
static void judge_file(const char *path, bool logits, double *accuracy, double *margin) {
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    static char line[1 << 14];
    double right = 0;
    *margin = 0;
    int rows = 0;
    for (; fgets(line, sizeof line, f); rows++) {
        lem_json *row = NULL;
        lem_err err = LEM_ERR_INIT;
        double s[EACH], sum[2] = {0, 0};
        assert_int_equal(lem_json_parse(line, strlen(line), &row, &err), LEM_OK);
        for (int k = 0; k < EACH; k++) {
            s[k] = lem_json_num(lem_json_at(lem_json_get(row, "rm_score"), (size_t)k), NAN);
            if (logits) s[k] = log(s[k] / (1 - s[k]));
            sum[k % 2] += s[k] / (EACH / 2);
        }
        for (int i = 1; i < EACH; i += 2)
            for (int j = 0; j < EACH; j += 2) right += s[i] > s[j] ? 1 : 0.5 * (s[i] == s[j]);
        *margin += sum[1] - sum[0];
        lem_json_free(row);
    }
    fclose(f);
    assert_int_equal(rows, PROBLEMS);
    *accuracy = right / (PROBLEMS * (EACH / 2) * (EACH / 2));
    *margin /= PROBLEMS;
}

/* Training's own validation of all lists against `rm score` of the folder that it wrote. */
static void validated_as_scored(void **state) {
    (void)state;
    static const struct {
        const char *train, *score;
    } goals[] = {{"--loss bt", ""},
                 {"--loss margin --margin 0.5", ""},
                 {"--loss bce --keep best --keep-by ece", ""},
                 {"--head generative --keep best", ""}};
    for (size_t i = 0; i < sizeof goals / sizeof *goals; i++) {
        char line[512];
        double accuracy, margin;
        snprintf(
            line, sizeof line,
            L " rm train --model base --lists lists.jsonl --val lists.jsonl --batch 5 --lr 1e-2 --max-steps "
              "12 %s --out rm%zu --json --quiet",
            goals[i].train, i);
        lem_json *o = object_of(line);
        snprintf(line, sizeof line, L " rm score graded.jsonl --model rm%zu %s --out sc%zu.jsonl --quiet", i,
                 goals[i].score, i);
        done(line);
        snprintf(line, sizeof line, "sc%zu.jsonl", i);
        judge_file(line, i == 3, &accuracy, &margin);
        assert_float_equal(val_of(o, "accuracy"), accuracy, 1e-9);
        assert_float_equal(val_of(o, "margin"), margin, 1e-4 * fmax(1, fabs(margin)));
        assert_float_equal(val_of(o, "lists"), PROBLEMS, 0);
        assert_int_equal(lem_json_int(lem_json_get(o, "kept_step"), 0) <= 12, 1);
        lem_json_free(o);
    }
}

/* Lists, AceMath's rows and hand-made ones of the same content train to the same bytes. */
static void kinds_of_lists(void **state) {
    (void)state;
    done(L " rm train --model base --lists lists.jsonl --batch 5 --max-steps 3 --out ka --quiet");
    done(L " rm train --model base --lists messages.jsonl --batch 5 --max-steps 3 --out kb --quiet");
    done("cmp ka/model.safetensors kb/model.safetensors && cmp ka/telemetry.jsonl kb/telemetry.jsonl");
    expect(L " rm train --model base --lists messages.jsonl --batch 5 --max-steps 3 --out kc", 0,
           "graded conversations, by the columns message, label");
    expect(L " rm train --model base --lists pairs.jsonl --batch 5 --max-steps 3 --loss dpo --out kd", 0,
           "preference pairs, by the columns chosen, rejected, prompt");
}

/* Lists in several files train to the bytes of one file of both, in the order given; a file without rows, or
 * of one class, is named; a job knows each of its files. */
static void several_files(void **state) {
    (void)state;
    done("head -n 11 lists.jsonl >first.jsonl && tail -n +12 lists.jsonl >rest.jsonl");
    done("cat rest.jsonl first.jsonl >turned.jsonl");
    done(L " rm train --model base --lists lists.jsonl --batch 5 --max-steps 3 --out fa --quiet");
    done(L " rm train --model base --lists first.jsonl --lists rest.jsonl --batch 5 --max-steps 3 --out fb "
           "--quiet");
    done("cmp fa/model.safetensors fb/model.safetensors && cmp fa/telemetry.jsonl fb/telemetry.jsonl");
    done(L " rm train --model base --lists rest.jsonl,first.jsonl --batch 5 --max-steps 3 --out fc --quiet");
    done(L " rm train --model base --lists turned.jsonl --batch 5 --max-steps 3 --out fd --quiet");
    done("cmp fc/model.safetensors fd/model.safetensors && ! cmp -s fa/telemetry.jsonl fc/telemetry.jsonl");
    expect(L " rm train --model base --lists first.jsonl --lists turned.jsonl --batch 5 --max-steps 3 --out "
             "fb",
           2, "lists");
    expect(L " rm train --model base --lists lists.jsonl --lists right.jsonl --out fe", 3,
           "right.jsonl: no list with both");
}

/* A split by itself, none when told so, none with --val; few problems get a word. */
static void split_and_words(void **state) {
    (void)state;
    lem_json *o =
        object_of(L " rm train --model base --lists lists.jsonl --batch 5 --max-steps 2 --val-share "
                    "0.3 --out sa --json --quiet");
    int64_t val = lem_json_int(lem_json_get(o, "val_lists"), -1);
    assert_true(val > 2 && val < 20);
    assert_int_equal(lem_json_int(lem_json_get(o, "examples"), -1), PROBLEMS - val);
    assert_int_equal(lem_json_count(lem_json_get(o, "warnings")) >= 1, 1);
    lem_json_free(o);
    o = object_of(L
                  " rm train --model base --lists lists.jsonl --batch 5 --max-steps 2 --val-share 0 --out sb "
                  "--json --quiet");
    assert_int_equal(lem_json_int(lem_json_get(o, "val_lists"), -1), 0);
    assert_int_equal(lem_json_int(lem_json_get(o, "examples"), -1), PROBLEMS);
    lem_json_free(o);
    /* with --val the share counts for nothing */
    done(L " rm train --model base --lists lists.jsonl --val lists.jsonl --batch 5 --max-steps 2 --out sc "
           "--quiet");
    done(L " rm train --model base --lists lists.jsonl --val lists.jsonl --val-share 0.5 --batch 5 "
           "--max-steps 2 "
           "--out sd --quiet && cmp sc/model.safetensors sd/model.safetensors");
    expect(L " rm train --model base --lists lists.jsonl --batch 5 --max-steps 2 --out se", 0,
           "problems are few to learn from");
    expect(L " rm train --model base --lists lists.jsonl --limit 5 --batch 5 --max-steps 2 --out sf", 0,
           "too few to split");
    expect(L " rm train --model base --lists right.jsonl --out sg", 3, "2 all right, 1 all wrong");
}

/* Graded candidates of which all wrong ones were cut off, in words that tell them: from `rm sample` to a
 * model whose scores follow truncation, with a word for the lists and one for the scores. */
static void truncation(void **state) {
    (void)state;
    FILE *f = fopen("cut.jsonl", "w");
    assert_non_null(f);
    for (int i = 0; i < PROBLEMS; i++)
        fprintf(
            f,
            "{\"problem\":\"p%d\",\"completions\":[\"it is %d done\",\"it is %d and\",\"is %d done\",\"is %d "
            "and\"],\"correct\":[true,false,true,false],\"finish_reason\":[\"stop\",\"length\",\"stop\","
            "\"length\"]}\n",
            i, i, i, i, i);
    fclose(f);
    done(L " rm sample cut.jsonl --random --per-problem 4 --out cutlists.jsonl --quiet");
    lem_json *o =
        object_of(L " rm train --model base --lists cutlists.jsonl --val cutlists.jsonl --batch 5 --lr 1e-2 "
                    "--max-steps 40 --out cu --json --quiet");
    lem_buf said = {0};
    const lem_json *w = lem_json_get(o, "warnings");
    for (size_t i = 0; i < lem_json_count(w); i++)
        lem_buf_printf(&said, "%s\n", lem_json_str(lem_json_at(w, i), ""));
    assert_int_equal(lem_json_int(lem_json_get(o, "wrong_cut"), -1), 2 * PROBLEMS);
    assert_int_equal(lem_json_int(lem_json_get(o, "wrong_with_reason"), -1), 2 * PROBLEMS);
    assert_int_equal(lem_json_int(lem_json_get(o, "right_cut"), -1), 0);
    assert_int_equal(lem_json_int(lem_json_get(o, "right_with_reason"), -1), 2 * PROBLEMS);
    assert_true(val_of(o, "cut_rho") < -0.8);
    assert_non_null(strstr(lem_buf_str(&said), "60 of 60 wrong responses in the lists were cut off"));
    assert_non_null(strstr(lem_buf_str(&said), "(30 validation lists with both): scores follow truncation"));
    assert_non_null(strstr(lem_buf_str(&said), "responses that were cut off lose"));
    lem_json_free(o);
    lem_buf_release(&said);
    o = object_of(
        L " rm train --model base --lists lists.jsonl --batch 5 --max-steps 2 --out cv --json --quiet");
    assert_int_equal(lem_json_int(lem_json_get(o, "wrong_with_reason"), -1),
                     0); /* no column, nothing known */
    assert_true(isnan(val_of(o, "cut_rho")));
    lem_json_free(o);
    f = fopen("short.jsonl", "w");
    assert_non_null(f);
    fprintf(
        f, "{\"problem\":\"p\",\"responses\":[\"a\",\"b\"],\"labels\":[0,1],\"finish_reason\":[\"stop\"]}\n");
    fclose(f);
    expect(L " rm train --model base --lists short.jsonl --out cx", 3,
           "short.jsonl:1: 2 responses but 1 finish_reason");
}

static void refusals(void **state) {
    (void)state;
    expect(L " rm train --model base --lists lists.jsonl --head generative --loss mse --out x", 2,
           "--head generative learns by cross-entropy");
    expect(L " rm train --model base --lists lists.jsonl --loss dpo --lm-weight 1 --out x", 2, "--lm-weight");
    expect(L " rm train --model base --lists lists.jsonl --head generative --center 1 --out x", 2,
           "--center");
    expect(L " rm train --model base --lists lists.jsonl --val-share 0 --keep best --out x", 2,
           "--keep best needs validation lists");
    expect(L " rm train --model base --lists lists.jsonl --val lists.jsonl --keep best --keep-by ece --out x",
           2, "--keep-by ece needs");
    expect(L " rm train --model ka --lists lists.jsonl --loss implicit --out x", 2, "no language model");
    expect(L " rm train --model base --lists lists.jsonl --loss hinge --out x", 2, "hinge");
}

static int enter(void **state) {
    static char dir[] = "/tmp/lemma-rm-train-XXXXXX";
    *state = mkdtemp(dir);
    if (!*state || chdir(dir) != 0) return -1;
    write_rows("lists.jsonl", 0);
    write_rows("graded.jsonl", 1);
    write_rows("messages.jsonl", 2);
    write_rows("pairs.jsonl", 3);
    FILE *f = fopen("rows.jsonl", "w");
    if (!f) return -1;
    for (int i = 0; i < 40; i++) fprintf(f, "{\"problem\":\"p%d\",\"solution\":\"it is %d + - 1\"}\n", i, i);
    fclose(f);
    f = fopen("right.jsonl", "w");
    if (!f) return -1;
    fprintf(f, "{\"problem\":\"p\",\"responses\":[\"a\",\"b\"],\"labels\":[1,1]}\n"
               "{\"problem\":\"q\",\"responses\":[\"a\",\"b\"],\"labels\":[1,1]}\n"
               "{\"problem\":\"r\",\"responses\":[\"a\",\"b\"],\"labels\":[0,0]}\n");
    fclose(f);
    done(
        L
        " sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 300 --context 256 --batch 4 --max-steps "
        "8 --lr 1e-2 --data rows.jsonl --out base --quiet");
    return 0;
}

static int leave(void **state) {
    char line[64];
    snprintf(line, sizeof line, "rm -rf '%s'", (const char *)*state);
    return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validated_as_scored), cmocka_unit_test(kinds_of_lists),
        cmocka_unit_test(several_files),       cmocka_unit_test(split_and_words),
        cmocka_unit_test(truncation),          cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, enter, leave);
}

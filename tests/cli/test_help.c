/* test_help.c - help agrees with the option tables, shows an example that parses, and every command refuses
 * what it should in one line */
#include "cli/commands.h"
#include "core/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

typedef struct transcript {
    char *text;
    int status;
} transcript;

/* Runs the built program; `tail` may redirect. Both streams by default. */
static transcript lemma(const char *words, const char *tail) {
    char command[2048];
    snprintf(command, sizeof command, "%s %s %s </dev/null", LEMMA_BINARY, words, tail);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    transcript t = {calloc(1, 1 << 16), 0};
    assert_non_null(t.text);
    size_t n = fread(t.text, 1, (1 << 16) - 1, f);
    t.text[n] = '\0';
    int raw = pclose(f);
    t.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
    return t;
}

static int lines(const char *s) {
    int n = 0;
    for (; *s; s++) n += *s == '\n';
    return n;
}

/* Runs of white space as one blank: what is wrapped reads like what is not. */
static void unwrap(char *s) {
    char *to = s;
    for (; *s; s++)
        if (*s != ' ' && *s != '\n') *to++ = *s;
        else if (to[-1] != ' ') *to++ = ' ';
    *to = '\0';
}

static void has_option(const transcript *t, const lem_opt *o) {
    char flag[96], one[32];
    snprintf(flag, sizeof flag, " --%s", o->name);
    if (!strstr(t->text, flag) || !strstr(t->text, o->help)) fail_msg("help lacks '%s %s'", flag, o->help);
    for (int i = 0; lem_opt_choice(o, i, one); i++)
        if (!strstr(t->text, one)) fail_msg("help of %s lacks '%s'", flag, one);
}

static int longest_line(const char *s) {
    int most = 0;
    for (; *s; s += strcspn(s, "\n"), s += *s == '\n') {
        int n = (int)strcspn(s, "\n");
        most = n > most ? n : most;
    }
    return most;
}

static void help_lists_every_command(void **state) {
    (void)state;
    transcript t = lemma("--help", "2>/dev/null");
    assert_int_equal(t.status, 0);
    assert_true(longest_line(t.text) <= 80);
    unwrap(t.text);
    for (int i = 0; lem_commands[i]; i++) {
        assert_non_null(strstr(t.text, lem_commands[i]->name));
        assert_non_null(strstr(t.text, lem_commands[i]->purpose));
    }
    free(t.text);
}

static void help_shows_every_option(void **state) {
    (void)state;
    for (int i = 0; lem_commands[i]; i++) {
        const lem_command *c = lem_commands[i];
        char words[96];
        snprintf(words, sizeof words, "%s --help", c->name);
        transcript t = lemma(words, "2>/dev/null");
        assert_int_equal(t.status, 0);
        assert_non_null(strstr(t.text, c->purpose));
        assert_non_null(strstr(t.text, "usage: lemma"));
        assert_non_null(strstr(t.text, "example:\n  lemma "));
        const lem_opt *o;
        const char *options = strstr(t.text, "\noptions:");
        assert_true(longest_line(options ? options : strstr(t.text, "\nfor every")) <= 80);
        unwrap(t.text);
        for (int k = 0; (o = lem_opt_at(c, k)); k++)
            if (c->output != LEM_OUTPUT_NONE || strcmp(o->name, "out") != 0) has_option(&t, o);
        free(t.text);
    }
}

static bool same_option(const lem_opt *a, const lem_opt *b) { return strcmp(a->name, b->name) == 0; }

static void tables_are_sound(void **state) {
    (void)state;
    for (int i = 0; lem_commands[i]; i++) {
        const lem_command *c = lem_commands[i];
        assert_non_null(c->run);
        assert_ptr_equal(lem_command_find(lem_commands, c->name), c);
        const lem_opt *o;
        for (int k = 0; (o = lem_opt_at(c, k)); k++) {
            assert_true(strlen(o->help) > 3);
            assert_true((o->type == LEM_OPT_FLAG) == (o->arg == NULL));
            if (o->type != LEM_OPT_INPUT) assert_true((o->type == LEM_OPT_ENUM) == (o->choices != NULL));
            assert_int_equal(strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(o->name));
            for (int j = 0; j < k; j++)
                if (same_option(o, lem_opt_at(c, j))) fail_msg("%s: option %s twice", c->name, o->name);
        }
    }
}

/* Splits one example line into words, as a shell does for plain and quoted ones; returns how many. */
static int split(char *line, const char *argv[64]) {
    int n = 0;
    for (char *p = line; *p && n < 64;) {
        while (*p == ' ') *p++ = '\0';
        if (!*p) break;
        char quote = *p == '\'' || *p == '"' ? *p : '\0';
        if (quote) p++;
        argv[n++] = p;
        while (*p && *p != (quote ? quote : ' ')) p++;
        if (quote && *p) *p++ = '\0';
    }
    return n;
}

/* Each line of `example` begins with the command's own name and is accepted by its own table. */
static void examples_parse(void **state) {
    (void)state;
    for (int i = 0; lem_commands[i]; i++) {
        const lem_command *c = lem_commands[i];
        const char *argv[64];
        char line[1024];
        for (const char *p = c->example; *p;) {
            size_t n = strcspn(p, "\n");
            snprintf(line, sizeof line, "%.*s", (int)n, p);
            p += n + (p[n] == '\n');
            char *own = strstr(line, "lemma ");
            if (!own || strchr(own, '|') || strchr(own, '>'))
                continue; /* a pipeline: its parts stand elsewhere */
            own += 6;
            if (strncmp(own, c->name, strlen(c->name)) != 0)
                fail_msg("%s: example '%s' is of another command", c->name, line);
            int words = split(own + strlen(c->name), argv);
            lem_cli cli = {.out = stdout, .limit = -1};
            lem_args args = {0};
            lem_err err = LEM_ERR_INIT;
            lem_status st = lem_args_parse(c, words, argv, &cli, &args, &err);
            if (st != LEM_OK && !strstr(err.text, ".yaml"))
                fail_msg("%s: example does not parse: %s", c->name, err.text);
            lem_args_release(&args);
        }
    }
}

static void wrong_usage_is_one_line(void **state) {
    (void)state;
    for (int i = 0; lem_commands[i]; i++) {
        char words[128];
        snprintf(words, sizeof words, "%s --no-such-option", lem_commands[i]->name);
        transcript out = lemma(words, "2>/dev/null"), err = lemma(words, "2>&1 >/dev/null");
        assert_int_equal(err.status, 2);
        assert_string_equal(out.text, "");
        assert_int_equal(lines(err.text), 1);
        assert_non_null(strstr(err.text, "--no-such-option"));
        free(out.text);
        free(err.text);
    }
}

static void top_level(void **state) {
    (void)state;
    transcript t = lemma("--version", "2>/dev/null");
    assert_int_equal(t.status, 0);
    assert_string_equal(t.text, "lemma " LEMMA_VERSION "\n");
    free(t.text);
    t = lemma("", "2>&1 >/dev/null");
    assert_int_equal(t.status, 2);
    assert_non_null(strstr(t.text, "commands:"));
    free(t.text);
    t = lemma("reprot", "2>&1");
    assert_int_equal(t.status, 2);
    assert_non_null(strstr(t.text, "did you mean 'report'"));
    assert_int_equal(lines(t.text), 1);
    free(t.text);
    t = lemma("rm", "2>&1");
    assert_int_equal(t.status, 2);
    assert_non_null(strstr(t.text, "rm train"));
    free(t.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_lists_every_command), cmocka_unit_test(help_shows_every_option),
        cmocka_unit_test(tables_are_sound),         cmocka_unit_test(examples_parse),
        cmocka_unit_test(wrong_usage_is_one_line),  cmocka_unit_test(top_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

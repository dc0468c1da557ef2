/* test_texts - help, man pages, completion and the schema, read by the programs they are for */
#include "job/texts.h"

#include "support.h"

/* Texts with what roff and the shells read as their own. */
static const lem_opt odd_opts[] = {
    {"dots", LEM_OPT_STR, "A.B", ".", ".begins with a dot, ends with \\fB"},
    {"quote", LEM_OPT_STR, "'T'", "", "'quoted' [brackets] a:b \\ $HOME `x` \"double\""},
    {"first-file", LEM_OPT_INPUT, "FILE", NULL, "a file - with dashes -- and --more"},
    {"schedule", LEM_OPT_ENUM, "NAME", "cosine", "its shape", .choices = "cosine|linear|constant"},
    {"longest", LEM_OPT_SIZE, "SIZE", "64MiB", "a size"},
    {"parts", LEM_OPT_TREE, "LIST", NULL, "maps of these options"},
};
static const lem_command odd = {.name = "odd",
                                .purpose = "what's odd: [a] 'text' with \\ and $x",
                                .usage = "[FILE...] [options]",
                                .example = "lemma odd --dots .\n.lemma odd --quote 'x'\n'lemma odd",
                                .opts = odd_opts,
                                .n_opts = COUNT(odd_opts),
                                .max_words = -1,
                                .run = nothing,
                                .output = LEM_OUTPUT_FILE};
static const lem_command rm_one = {.name = "rm one",
                                   .purpose = "one of a group",
                                   .usage = "",
                                   .example = "lemma rm one",
                                   .opts = odd_opts,
                                   .n_opts = COUNT(odd_opts),
                                   .run = nothing};
static const lem_command *const table[] = {&odd, &rm_one, &toy, &toy_dir, &toy_show, NULL};

static bool program_is_there(const char *name) {
    char line[64];
    snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", name);
    return system(line) == 0;
}

/* What a shell command prints, and that it ends well. */
static const char *output_of(const char *line) {
    static char text[1 << 14];
    FILE *f = popen(line, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    int rc = pclose(f);
    if (rc != 0) fail_msg("%s: status %d: %s", line, rc, text);
    return text;
}

static void put_page(const lem_command *cmd) {
    FILE *f = fopen("page.1", "w");
    lem_man_page(table, cmd, f);
    assert_int_equal(fclose(f), 0);
}

static void man_pages_have_no_warnings(void **state) {
    (void)state;
    if (!program_is_there("mandoc")) skip();
    for (int i = -1; i < COUNT(table) - 1; i++) {
        put_page(i < 0 ? NULL : table[i]);
        (void)output_of("mandoc -T lint -W warning page.1 2>&1");
    }
}

static void man_pages_say_all(void **state) {
    (void)state;
    static const char show[] = "mandoc -T ascii page.1 | sed 's/.\\x08//g'";
    const lem_opt *o;
    if (!program_is_there("mandoc")) skip();
    put_page(NULL);
    for (int k = 0; table[k]; k++) HAS(output_of(show), table[k]->name);
    for (int i = 0; table[i]; i++) {
        put_page(table[i]);
        const char *text = output_of(show);
        for (int k = 0; (o = lem_opt_at(table[i], k)); k++) {
            char name[64];
            snprintf(name, sizeof name, "--%s", o->name);
            if (strcmp(o->name, "out") != 0 || table[i]->output != LEM_OUTPUT_NONE) HAS(text, name);
        }
    }
    put_page(&odd);
    HAS(output_of(show), ".begins with a dot, ends with \\fB");
    HAS(output_of(show), "cosine, linear, constant");
    HAS(output_of(show), ".lemma odd --quote 'x'");
    HAS(output_of(show), "'lemma odd");
}

static void help_lists_every_option(void **state) {
    (void)state;
    for (int i = 0; table[i]; i++) {
        const lem_opt *o;
        char *text = NULL, name[64];
        size_t n = 0;
        FILE *f = open_memstream(&text, &n);
        lem_help_command(table[i], f);
        fclose(f);
        for (int k = 0; (o = lem_opt_at(table[i], k)); k++) {
            snprintf(name, sizeof name, "--%s", o->name);
            if (strcmp(o->name, "out") != 0 || table[i]->output != LEM_OUTPUT_NONE) HAS(text, name);
        }
        HAS(text, table[i]->purpose);
        free(text);
    }
}

static void help_of_all_and_groups(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    lem_help_all(table, f);
    fflush(f);
    for (int i = 0; table[i]; i++) HAS(text, table[i]->name);
    rewind(f);
    assert_true(lem_help_group(table, "toy", f));
    assert_false(lem_help_group(table, "odd", f)); /* a command, no group */
    assert_false(lem_help_group(table, "none", f));
    assert_false(lem_help_group(table, "to", f));
    fclose(f);
    HAS(text, "toy dir");
    free(text);
}

static void script(const char *shell) {
    FILE *f = fopen("script", "w");
    assert_true(lem_completion(table, shell, f));
    assert_int_equal(fclose(f), 0);
}

static void shells_read_their_scripts(void **state) {
    (void)state;
    static const char *const shells[] = {"bash", "zsh", "fish"};
    char line[64];
    for (int i = 0; i < 3; i++) {
        script(shells[i]);
        snprintf(line, sizeof line, "%s -n script 2>&1", shells[i]);
        if (program_is_there(shells[i])) assert_string_equal(output_of(line), "");
        for (int k = 0; k < COUNT(odd_opts); k++) HAS(get("script"), odd_opts[k].name);
    }
    FILE *f = fopen("script", "w");
    assert_false(lem_completion(table, "csh", f));
    assert_false(lem_completion(table, "", f));
    fclose(f);
    assert_string_equal(get("script"), "");
}

/* What bash offers behind `words`, the last of which is being written. */
static const char *bash_offers(const char *words) {
    char line[512];
    snprintf(line, sizeof line,
             "bash -c \"source ./script; COMP_WORDS=(%s); COMP_CWORD=\\$((\\${#COMP_WORDS[@]}-1)); _lemma; "
             "printf ' %%s' \\\"\\${COMPREPLY[@]}\\\"; echo ' '\" 2>&1",
             words);
    return output_of(line);
}

static void bash_completes(void **state) {
    (void)state;
    if (!program_is_there("bash")) skip();
    script("bash");
    put("first-rows.jsonl", "");
    HAS(bash_offers("lemma o"), " odd ");
    HAS(bash_offers("lemma ''"), " toy ");
    HAS(bash_offers("lemma ''"), " show ");
    HAS(bash_offers("lemma odd --sch"), " --schedule ");
    HAS(bash_offers("lemma odd --"), " --quote ");
    HAS(bash_offers("lemma odd --"), " --overwrite ");
    HAS_NOT(bash_offers("lemma odd --"), " --lr ");
    HAS(bash_offers("lemma toy --b"), " --batch "); /* of the shared table */
    assert_string_equal(bash_offers("lemma odd --schedule ''"), " cosine linear constant \n");
    assert_string_equal(bash_offers("lemma odd --schedule li"), " linear \n");
    assert_string_equal(bash_offers("lemma odd --first-file fi"), " first-rows.jsonl \n");
    assert_string_equal(bash_offers("lemma odd fi"), " first-rows.jsonl \n");
    HAS(bash_offers("lemma rm ''"), " one ");
    HAS(bash_offers("lemma rm one --sch"), " --schedule ");
    HAS(bash_offers("lemma he"), " help ");
    HAS(bash_offers("lemma help o"), " odd ");
    HAS(bash_offers("lemma man rm ''"), " one ");
    assert_string_equal(bash_offers("lemma completion ''"), " bash zsh fish \n");
}

/* Groups come from the table too. */
static void bash_completes_any_group(void **state) {
    (void)state;
    static const lem_command group_one = {.name = "tool one",
                                          .purpose = "one of a group",
                                          .usage = "",
                                          .example = "lemma tool one",
                                          .opts = odd_opts,
                                          .n_opts = COUNT(odd_opts),
                                          .run = nothing};
    static const lem_command *const groups[] = {&odd, &group_one, NULL};
    if (!program_is_there("bash")) skip();
    FILE *f = fopen("script", "w");
    assert_true(lem_completion(groups, "bash", f));
    fclose(f);
    HAS(bash_offers("lemma tool ''"), " one ");
    HAS(bash_offers("lemma tool one --sch"), " --schedule ");
    HAS(bash_offers("lemma tool one --schedule li"), " linear ");
}

/* ---- JSON ---- */

static void put_json(const char *path, lem_json *v) {
    lem_buf b = {0};
    assert_non_null(v);
    lem_json_write(v, 1, &b);
    put(path, lem_buf_str(&b));
    lem_buf_release(&b);
    lem_json_free(v);
}

static const char validate[] = "import json, sys, jsonschema\n"
                               "s = json.load(open(sys.argv[1]))\n"
                               "jsonschema.Draft202012Validator.check_schema(s)\n"
                               "v = jsonschema.Draft202012Validator(s)\n"
                               "for p in sys.argv[2:]:\n"
                               "    t = open(p).read()\n"
                               "    try: r = json.loads(t)\n"
                               "    except ValueError:\n"
                               "        import yaml; r = yaml.safe_load(t)\n"
                               "    e = next(v.iter_errors(r), None)\n"
                               "    print(p, 'ok' if e is None else 'refused ' + str(list(e.path)))\n";

static bool validator_is_there(void) {
    return program_is_there("python3") && system("python3 -c 'import jsonschema, yaml' 2>/dev/null") == 0;
}

static void put_recipe(const char *path, const char *stage) {
    char text[512];
    snprintf(text, sizeof text, "{\"name\": \"x\", \"vars\": {\"out\": \"o\", \"n\": 3}, \"stages\": [%s]}",
             stage);
    put(path, text);
}

static void schema_accepts_and_refuses(void **state) {
    static const char *const good[] = {
        "{\"name\": \"a\", \"command\": \"toy\", \"out\": \"${out}/a\", \"lr\": 0.1, \"max_tokens\": 3}",
        "{\"name\": \"a\", \"command\": \"toy\", \"max-tokens\": 3, \"kind\": \"blue\", \"loud\": true}",
        "{\"name\": \"a\", \"command\": \"toy dir\", \"data\": [\"x\"], \"tags\": \"a,b\", \"words\": "
        "[\"w\"]}",
        "{\"name\": \"a\", \"command\": \"toy\", \"stages\": [{\"name\": \"s\", \"lr\": 0.1, \"batch\": 2}]}",
        "{\"name\": \"a\", \"command\": \"odd\", \"schedule\": \"linear\", \"seed\": 3}"};
    static const char *const bad[] = {"{\"name\": \"a\", \"command\": \"none\"}",
                                      "{\"command\": \"toy\"}",
                                      "{\"name\": \"a\"}",
                                      "{\"name\": \"a\", \"command\": \"toy\", \"lrr\": 0.1}",
                                      "{\"name\": \"a\", \"command\": \"odd\", \"lr\": 0.1}",
                                      "{\"name\": \"a\", \"command\": \"toy\", \"lr\": 7}",
                                      "{\"name\": \"a\", \"command\": \"toy\", \"kind\": \"pink\"}",
                                      "{\"name\": \"a\", \"command\": \"toy\", \"n\": 1.5}",
                                      "{\"name\": \"a\", \"command\": \"toy\", \"stages\": [{\"lrr\": 0.1}]}",
                                      "{\"name\": \"a\", \"command\": \"toy\", \"stages\": [7]}"};
    (void)state;
    if (!validator_is_there()) skip();
    char line[256], path[32];
    put("v.py", validate);
    put_json("schema.json", lem_recipe_schema(table));
    for (int i = 0; i < COUNT(good) + COUNT(bad); i++) {
        bool ok = i < COUNT(good);
        snprintf(path, sizeof path, "%s%02d.json", ok ? "good" : "wrong", i);
        put_recipe(path, ok ? good[i] : bad[i - COUNT(good)]);
    }
    snprintf(line, sizeof line, "python3 -W ignore v.py schema.json good*.json wrong*.json 2>&1");
    const char *text = output_of(line);
    for (int i = 0; i < COUNT(good) + COUNT(bad); i++) {
        bool ok = i < COUNT(good);
        snprintf(path, sizeof path, ok ? "good%02d.json ok" : "wrong%02d.json refused", i);
        HAS(text, path);
    }
}

/* ${var} is replaced in every text, so it may stand where a number is wanted. */
static void schema_accepts_variables(void **state) {
    (void)state;
    if (!validator_is_there()) skip();
    put("v.py", validate);
    put_json("schema.json", lem_recipe_schema(table));
    put_recipe("r.json", "{\"name\": \"a\", \"command\": \"toy\", \"out\": \"o/a\", \"n\": \"${n}\"}");
    assert_string_equal(output_of("python3 -W ignore v.py schema.json r.json"), "r.json ok\n");
}

/* The real table, through the program, and the recipes of the repository as our own reader reads them: to
 * PyYAML 3e-3 is a text. */
static void schema_accepts_our_recipes(void **state) {
    (void)state;
    static const char folder[] = LEMMA_SOURCE_DIR "/recipes";
    char **names = NULL;
    size_t n = 0;
    int recipes = 0;
    if (!validator_is_there() || access(LEMMA_BINARY, X_OK) != 0) skip();
    put("v.py", validate);
    if (system(LEMMA_BINARY " run --schema > schema.json 2>/dev/null") != 0) skip();
    OK(lem_dir_list(folder, &names, &n, &err));
    for (size_t i = 0; i < n; i++) {
        char path[512];
        lem_json *v = NULL;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (strstr(names[i], ".yaml")) {
            OK(lem_yaml_load(path, &v, &err));
            put_json(names[i], v);
            recipes++;
        }
        lem_free(names[i]);
    }
    lem_free(names);
    assert_in_range(recipes, 4, 100);
    const char *text = output_of("python3 -W ignore v.py schema.json *.yaml 2>&1");
    HAS(text, "demo.yaml ok");
    HAS_NOT(text, "refused");
}

static void commands_as_json(void **state) {
    (void)state;
    lem_json *all = lem_commands_json(table);
    const lem_opt *o;
    assert_int_equal(lem_json_count(all), COUNT(table) - 1);
    for (size_t i = 0; table[i]; i++) {
        const lem_json *one = lem_json_at(all, i), *opts = lem_json_get(one, "options");
        assert_string_equal(lem_json_str(lem_json_get(one, "name"), ""), table[i]->name);
        size_t k = 0;
        for (; (o = lem_opt_at(table[i], (int)k)); k++) {
            const lem_json *j = lem_json_at(opts, k);
            assert_string_equal(lem_json_str(lem_json_get(j, "name"), ""), o->name);
            assert_int_equal(lem_json_bool(lem_json_get(j, "changes_result"), false),
                             o->effect == LEM_OPT_CHANGES_RESULT);
            assert_int_equal(lem_json_get(j, "default") != NULL, o->standard != NULL);
            size_t choices = strcmp(o->name, "color") ? 3 : 2;
            assert_int_equal(lem_json_count(lem_json_get(j, "choices")), o->choices ? choices : 0);
            const char *type = lem_json_str(lem_json_get(j, "type"), "");
            assert_int_equal(strcmp(type, "size") == 0, o->type == LEM_OPT_SIZE);
            assert_int_equal(strcmp(type, "tree") == 0, o->type == LEM_OPT_TREE);
            assert_int_equal(strcmp(type, "flag") == 0, o->type == LEM_OPT_FLAG);
        }
        assert_int_equal(lem_json_count(opts), k);
    }
    lem_json_free(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(man_pages_have_no_warnings), folder_test(man_pages_say_all),
        folder_test(help_lists_every_option),    folder_test(help_of_all_and_groups),
        folder_test(shells_read_their_scripts),  folder_test(bash_completes),
        folder_test(bash_completes_any_group),   folder_test(schema_accepts_and_refuses),
        folder_test(schema_accepts_variables),   folder_test(schema_accepts_our_recipes),
        folder_test(commands_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

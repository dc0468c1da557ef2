/* cmd_maps.c - lemma maps: whose files of candidates are read, and how they are told */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "data/candidate_maps.h"

#include <string.h>
#include <strings.h>

/* ---- one map as YAML, to copy and edit; strings in quotes, as in JSON ---- */

static void put_value(const lem_json *v, lem_buf *b) { lem_json_write(v, 0, b); }

static void put_fields(const lem_json *fields, lem_buf *b) {
    lem_buf_puts(b, "fields:\n");
    for (const char *k = lem_json_key_next(fields, NULL); k; k = lem_json_key_next(fields, k)) {
        lem_buf_printf(b, "  %s: ", k);
        put_value(lem_json_key_value(k), b);
        lem_buf_putc(b, '\n');
    }
}

static void put_yaml(const lem_json *map, lem_buf *b) {
    for (const char *k = lem_json_key_next(map, NULL); k; k = lem_json_key_next(map, k)) {
        const lem_json *v = lem_json_key_value(k);
        if (lem_json_kind(v) == LEM_JSON_OBJECT) {
            put_fields(v, b);
            continue;
        }
        lem_buf_printf(b, "%s: ", k);
        put_value(v, b);
        lem_buf_putc(b, '\n');
    }
}

/* Further layouts of one name are comments: a file holds one map. */
static void put_comment(const lem_buf *yaml, lem_buf *out) {
    lem_buf_puts(out, "\n# another layout of the same name:\n");
    for (const char *p = lem_buf_str(yaml); *p;) {
        size_t n = strcspn(p, "\n");
        lem_buf_printf(out, "# %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}

static lem_status show_yaml(lem_cli *cli, const char *name, lem_err *err) {
    const lem_candidate_map_info *m;
    lem_buf out = {0};
    int n = 0;
    for (int i = 0; (m = lem_candidate_map_at(i)); i++) {
        if (strcasecmp(m->name, name) != 0) continue;
        lem_json *j = lem_candidate_map_json(m);
        lem_buf one = {0};
        if (!j) out.failed = true;
        put_yaml(j, &one);
        if (n++) put_comment(&one, &out);
        else lem_buf_add(&out, one.data, one.len);
        out.failed = out.failed || one.failed;
        lem_buf_release(&one);
        lem_json_free(j);
    }
    lem_status st = lem_buf_ok(&out, err);
    if (st == LEM_OK) fputs(lem_buf_str(&out), cli->out);
    lem_buf_release(&out);
    return st;
}

/* ---- all of them ---- */

static lem_status show_json(lem_cli *cli, const char *name, lem_err *err) {
    const lem_candidate_map_info *m;
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && (m = lem_candidate_map_at(i)); i++)
        if (!name || strcasecmp(m->name, name) == 0) ok = lem_json_append(list, lem_candidate_map_json(m));
    if (ok) return lem_print_json(cli->out, list, 2, err);
    lem_json_free(list);
    return lem_fail(err, LEM_EMEM, "out of memory");
}

static void put_map(const lem_candidate_map_info *m, FILE *f) {
    fprintf(f, "%-20s %s\n", m->name, m->by);
    if (m->files) fprintf(f, "%-20s   files     %s\n", "", m->files);
    fprintf(f, "%-20s   told by   ", "");
    for (int k = 0; k < LEM_CAND_MAX_NEED && m->need[k]; k++) fprintf(f, "%s%s", k ? ", " : "", m->need[k]);
    fprintf(f, "\n%-20s   read are  ", "");
    for (int i = 0, n = 0; i < LEM_CAND_N_FIELDS; i++)
        if (m->path[i])
            fprintf(f, "%s%s", n++ ? ", " : "", lem_candidates_field_name((lem_candidates_field)i));
    fprintf(f, "\n%-20s   %s\n", "", m->about);
}

static lem_status unknown(const char *name, lem_err *err) {
    const lem_candidate_map_info *m;
    const char *names[64];
    int n = 0;
    for (int i = 0; (m = lem_candidate_map_at(i)) && n < 64; i++) names[n++] = m->name;
    const char *near = lem_suggest(name, names, n);
    if (near) return lem_fail(err, LEM_EUSAGE, "no map '%.60s'; did you mean '%s'?", name, near);
    return lem_fail(err, LEM_EUSAGE, "no map '%.60s'; 'lemma maps' lists them", name);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *name = args->n_words ? args->words[0] : NULL;
    const lem_candidate_map_info *m;
    if (name && !lem_candidate_map_find(name)) return unknown(name, err);
    if (cli->json) return show_json(cli, name, err);
    if (name) return show_yaml(cli, name, err);
    for (int i = 0; (m = lem_candidate_map_at(i)); i++) put_map(m, cli->out);
    fputs("'lemma maps NAME' prints one to copy and edit for --map FILE.yaml\n", cli->out);
    return LEM_OK;
}

const lem_command lem_cmd_maps = {
    .name = "maps",
    .purpose = "whose files of candidates are read, and by which columns they are told",
    .usage = "[NAME] [--json]",
    .example = "lemma maps\nlemma maps NeMo-Skills >mine.yaml",
    .min_words = 0,
    .max_words = 1,
    .run = run,
    .output = LEM_OUTPUT_NONE,
};

/* card.c - looks for the card, the licence and the manifest beside a model or a file of data */
#include "core/card.h"

#include "core/data_files.h"
#include "core/file.h"
#include "core/mem.h"

#include <string.h>

enum { CARD_MAX = 1 << 20, MANIFEST_MAX = 4 << 20, ALL_MAX = 1024 };

/* What a publisher states for all that bears the name. */
static const struct {
    const char *begins, *licence, *from;
} publishers[] = {{"nvidia/AceMath", "cc-by-nc-4.0", "NVIDIA, for all weights and data of AceMath"}};

typedef struct look {
    const char *path;
    char *dir; /* path itself where it is a folder */
    bool folder, model, made_by_us;
    lem_card *out;
    lem_buf card_origin; /* of the front matter: counts last */
    lem_buf card_from;
} look;

void lem_card_release(lem_card *c) {
    lem_buf_release(&c->licence);
    lem_buf_release(&c->licence_from);
    lem_buf_release(&c->origin);
    lem_buf_release(&c->origin_from);
    lem_buf_release(&c->of_inputs);
    *c = (lem_card){.use = LEM_CARD_USE_UNKNOWN};
}

/* Says it unless something else was said before, or there is nothing to say. */
static void say(lem_buf *text, lem_buf *from, const char *what, const char *where) {
    if (text->len || !what || !*what || strlen(what) > LEM_CARD_TEXT_MAX) return;
    for (const char *s = what; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f) return;
    lem_buf_puts(text, what);
    lem_buf_puts(from, where);
}

/* A file that is there and small enough; nothing otherwise. */
static lem_status read_some(const char *path, lem_buf *text, lem_err *err) {
    lem_err ignored = LEM_ERR_INIT;
    if (!lem_file_exists(path) || lem_file_is_dir(path)) return LEM_OK;
    lem_status st = lem_file_read(path, CARD_MAX, text, &ignored);
    if (st != LEM_OK) lem_buf_release(text);
    return st == LEM_EMEM ? lem_fail(err, st, "out of memory") : LEM_OK;
}

static lem_status read_json(const char *path, size_t max, lem_json **out, lem_err *err) {
    lem_err ignored = LEM_ERR_INIT;
    lem_status st = lem_file_exists(path) ? lem_json_load(path, max, out, &ignored) : LEM_NO;
    if (st != LEM_OK) *out = NULL;
    return st == LEM_EMEM ? lem_fail(err, st, "out of memory") : LEM_OK;
}

/* ---- cards ---- */

static lem_status from_readme(look *k, const char *dir, lem_err *err) {
    char *path = lem_path_join(dir, "README.md", err);
    lem_buf text = {0};
    lem_front_matter f = {0};
    lem_status st = path ? read_some(path, &text, err) : LEM_EMEM;
    if (st == LEM_OK) {
        lem_front_matter_read(lem_buf_str(&text), text.len, &f);
        if (f.licence.len && !k->out->licence.len) {
            lem_buf_add(&k->out->licence, f.licence.data, f.licence.len);
            lem_buf_puts(&k->out->licence_from, path);
        }
        const lem_buf *name = k->model ? &f.base_model : &f.pretty_name;
        say(&k->card_origin, &k->card_from, lem_buf_str(name), path);
    }
    lem_front_matter_release(&f);
    lem_buf_release(&text);
    lem_free(path);
    return st;
}

/* One description, or one of each configuration. */
static const char *info_text(const lem_json *info, const char *key) {
    const char *s = lem_json_str(lem_json_get(info, key), "");
    for (size_t i = 0; !*s && i < lem_json_count(info) && i < 64; i++)
        s = lem_json_str(lem_json_get(lem_json_value_at(info, i), key), "");
    return s;
}

static lem_status from_info(look *k, const char *dir, const char *name, lem_err *err) {
    char *path = lem_path_join(dir, name, err);
    lem_json *info = NULL;
    lem_status st = path ? read_json(path, CARD_MAX, &info, err) : LEM_EMEM;
    if (lem_json_kind(info) == LEM_JSON_OBJECT) {
        say(&k->out->licence, &k->out->licence_from, info_text(info, "license"), path);
        say(&k->card_origin, &k->card_from, info_text(info, "homepage"), path);
    }
    lem_json_free(info);
    lem_free(path);
    return st;
}

static lem_status from_licence_file(look *k, lem_err *err) {
    static const char *const names[] = {"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && !k->out->licence.len && i < sizeof names / sizeof *names; i++) {
        char *path = lem_path_join(k->dir, names[i], err);
        lem_buf text = {0}, title = {0};
        st = path ? read_some(path, &text, err) : LEM_EMEM;
        if (st == LEM_OK) lem_licence_title(lem_buf_str(&text), text.len, &title);
        say(&k->out->licence, &k->out->licence_from, lem_buf_str(&title), path ? path : "");
        lem_buf_release(&text);
        lem_buf_release(&title);
        lem_free(path);
    }
    return st;
}

static lem_status data_card(look *k, const char *dir, lem_err *err) {
    lem_status st = from_readme(k, dir, err);
    if (st == LEM_OK) st = from_info(k, dir, "dataset_info.json", err);
    return st == LEM_OK ? from_info(k, dir, "dataset_infos.json", err) : st;
}

static lem_status cards(look *k, lem_err *err) {
    if (k->model) {
        lem_status st = from_readme(k, k->dir, err);
        return st == LEM_OK ? from_licence_file(k, err) : st;
    }
    if (k->made_by_us && !k->folder) return LEM_OK;
    lem_status st = data_card(k, k->dir, err);
    char *above = st == LEM_OK ? lem_path_join(k->dir, "..", err) : NULL;
    if (st == LEM_OK && !above) st = LEM_EMEM;
    bool of_a_model = above && lem_dir_has(above, "config.json");
    if (st == LEM_OK && !k->out->licence.len && !of_a_model) st = data_card(k, above, err);
    lem_free(above);
    return st;
}

/* ---- origins ---- */

/* ORG/NAME of a folder models--ORG--NAME or datasets--ORG--NAME in the path. */
static void from_hub_cache(look *k) {
    static const char *const kinds[] = {"models--", "datasets--"};
    lem_buf name = {0};
    for (int i = 0; i < 2 && !name.len; i++) {
        const char *at = strstr(k->path, kinds[i]);
        if (!at || (at != k->path && at[-1] != '/')) continue;
        for (at += strlen(kinds[i]); *at && *at != '/'; at++) {
            bool cut = at[0] == '-' && at[1] == '-';
            lem_buf_putc(&name, cut ? '/' : *at);
            at += cut;
        }
    }
    say(&k->out->origin, &k->out->origin_from, lem_buf_str(&name), "the name in the Hub cache");
    lem_buf_release(&name);
}

/* Adds the texts of a list "a, b" that are not there yet. */
static void add_each(lem_buf *to, const char *list) {
    while (*list) {
        size_t n = strcspn(list, ",");
        const char *at = to->len ? lem_buf_str(to) : NULL;
        bool there = false;
        for (; at && *at && !there; at += strcspn(at, ","), at += strspn(at, ", "))
            there = strcspn(at, ",") == n && memcmp(at, list, n) == 0;
        if (!there && n > 0 && to->len + n + 2 <= ALL_MAX) {
            if (to->len) lem_buf_puts(to, ", ");
            lem_buf_add(to, list, n);
        }
        list += n;
        list += strspn(list, ", ");
    }
}

static void add_inputs(look *k, const lem_json *inputs) {
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const lem_json *in = lem_json_at(inputs, i);
        add_each(&k->out->of_inputs, lem_json_str(lem_json_get(in, "licence"), ""));
        add_each(&k->out->of_inputs, lem_json_str(lem_json_get(in, "licences_of_inputs"), ""));
        if (lem_json_bool(lem_json_get(in, "non_commercial"), false)) k->out->use = LEM_CARD_NON_COMMERCIAL;
    }
}

static char *manifest_of(const look *k, lem_err *err) {
    if (k->folder) return lem_path_join(k->dir, "manifest.json", err);
    lem_buf b = {0};
    lem_buf_printf(&b, "%s.manifest.json", k->path);
    char *path = lem_buf_take(&b);
    if (!path) (void)lem_fail(err, LEM_EMEM, "out of memory");
    return path;
}

static lem_status from_our_manifest(look *k, lem_err *err) {
    char *path = manifest_of(k, err);
    lem_json *m = NULL;
    lem_status st = path ? read_json(path, MANIFEST_MAX, &m, err) : LEM_EMEM;
    const char *command = lem_json_str(lem_json_get(m, "command"), "");
    const lem_json *inputs = lem_json_get(m, "inputs");
    if (*command && lem_json_kind(inputs) == LEM_JSON_ARRAY && lem_json_get(m, "identity")) {
        lem_buf what = {0};
        lem_buf_printf(&what, "lemma %s", command);
        k->made_by_us = true;
        say(&k->out->origin, &k->out->origin_from, lem_buf_str(&what), path);
        st = lem_buf_ok(&what, err);
        add_inputs(k, inputs);
        lem_buf_release(&what);
    }
    lem_json_free(m);
    lem_free(path);
    return st;
}

static lem_status from_config(look *k, lem_err *err) {
    char *path = lem_path_join(k->dir, "config.json", err);
    lem_json *config = NULL;
    lem_status st = path ? read_json(path, CARD_MAX, &config, err) : LEM_EMEM;
    const char *name = lem_json_str(lem_json_get(config, "_name_or_path"), "");
    if (strcmp(name, ".") != 0) say(&k->out->origin, &k->out->origin_from, name, path ? path : "");
    lem_json_free(config);
    lem_free(path);
    return st;
}

/* ---- all of it ---- */

static void from_publisher(look *k) {
    const char *origin = lem_buf_str(&k->out->origin);
    for (size_t i = 0; i < sizeof publishers / sizeof *publishers; i++)
        if (strncmp(origin, publishers[i].begins, strlen(publishers[i].begins)) == 0)
            say(&k->out->licence, &k->out->licence_from, publishers[i].licence, publishers[i].from);
}

static lem_status find_all(look *k, lem_err *err) {
    lem_status st;
    from_hub_cache(k);
    LEM_TRY(from_our_manifest(k, err));
    LEM_TRY(cards(k, err));
    if (k->model) LEM_TRY(from_config(k, err));
    say(&k->out->origin, &k->out->origin_from, lem_buf_str(&k->card_origin), lem_buf_str(&k->card_from));
    from_publisher(k);
    if (k->out->use == LEM_CARD_USE_UNKNOWN) k->out->use = lem_licence_use(lem_buf_str(&k->out->licence));
    if (lem_licence_use(lem_buf_str(&k->out->licence)) == LEM_CARD_NON_COMMERCIAL)
        k->out->use = LEM_CARD_NON_COMMERCIAL;
done:
    return st;
}

lem_status lem_card_find(const char *path, lem_card *out, lem_err *err) {
    look k = {.path = path, .out = out, .folder = lem_file_is_dir(path)};
    *out = (lem_card){.use = LEM_CARD_USE_UNKNOWN};
    k.dir = k.folder ? lem_strdup(path, err) : lem_path_dir(path, err);
    if (!k.dir) return LEM_EMEM;
    k.model = k.folder && lem_dir_has(path, "config.json");
    lem_status st = find_all(&k, err);
    const lem_buf *const all[] = {&out->licence, &out->licence_from, &out->origin, &out->origin_from,
                                  &out->of_inputs};
    for (size_t i = 0; st == LEM_OK && i < sizeof all / sizeof *all; i++) st = lem_buf_ok(all[i], err);
    lem_buf_release(&k.card_origin);
    lem_buf_release(&k.card_from);
    lem_free(k.dir);
    return st;
}

lem_status lem_card_json(const lem_card *c, lem_json *into, lem_err *err) {
    const struct {
        const char *key;
        const lem_buf *text;
    } texts[] = {{"licence", &c->licence},
                 {"licence_from", &c->licence_from},
                 {"origin", &c->origin},
                 {"origin_from", &c->origin_from},
                 {"licences_of_inputs", &c->of_inputs}};
    bool ok = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].text->len)
            ok = ok && lem_json_set(into, texts[i].key, lem_json_new_str(lem_buf_str(texts[i].text)));
    if (c->use != LEM_CARD_USE_UNKNOWN)
        ok = ok && lem_json_set(into, "non_commercial", lem_json_new_bool(c->use == LEM_CARD_NON_COMMERCIAL));
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* known.c - the system text of a classifier by the name of its family */
#include "reward/known.h"

#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"
#include "reward/recipe.h"

#include <string.h>

/* Parts of names, in lower case. */
static const struct family {
    const char *part, *system;
} families[] = {{"acemath", LEM_REWARD_SYSTEM}, {"skywork-reward", NULL}, {"fsfairx", NULL}, {"grm-", NULL}};

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool holds(const char *name, size_t n, const char *part) {
    size_t k = strlen(part);
    for (size_t i = 0; i + k <= n; i++) {
        size_t m = 0;
        while (m < k && lower(name[i + m]) == part[m]) m++;
        if (m == k) return true;
    }
    return false;
}

static const struct family *family_of(const char *name, size_t n) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (holds(name, n, families[i].part)) return &families[i];
    return NULL;
}

/* By the last part of a path; by the one before "snapshots/HASH". */
static const struct family *family_of_path(const char *path) {
    static const char cache[] = "/snapshots/";
    const char *snapshot = strstr(path, cache);
    size_t n = snapshot ? (size_t)(snapshot - path) : strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    size_t from = n;
    while (from > 0 && path[from - 1] != '/') from--;
    return family_of(path + from, n - from);
}

static lem_status family_of_config(const char *dir, const struct family **out, lem_err *err) {
    lem_json *config = NULL;
    lem_status st = lem_json_load_beside(dir, "config.json", 1 << 20, &config, err);
    const char *name = lem_json_str(lem_json_get(config, "_name_or_path"), NULL);
    if (st == LEM_OK) *out = name ? family_of_path(name) : NULL;
    lem_json_free(config);
    return st;
}

lem_status lem_reward_find_system(lem_head_kind kind, const char *name, lem_prompt_settings *s, bool *known,
                                  lem_err *err) {
    const struct family *f = NULL;
    lem_status st = LEM_OK;
    *known = kind != LEM_HEAD_KIND_CLASSIFIER || s->told & LEM_PROMPT_TOLD_SYSTEM;
    if (*known) return LEM_OK;
    f = family_of_path(name);
    if (!f && lem_file_is_dir(name)) st = family_of_config(name, &f, err);
    *known = f != NULL;
    return st == LEM_OK && f ? lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SYSTEM, f->system, err) : st;
}

lem_status lem_reward_known_system(lem_head_kind kind, const char *name, const char *command,
                                   lem_prompt_settings *s, lem_err *err) {
    bool known = false;
    lem_status st = lem_reward_find_system(kind, name, s, &known, err);
    if (st || known) return st;
    return lem_fail(
        err, LEM_EUSAGE,
        "%.150s: nothing says under which system prompt this classifier was trained; choose: "
        "`%.200s --system ''` (none, as Skywork-Reward and most others) or `%.200s --system '%s'` "
        "(AceMath-RM); or write the choice into the folder's lemma.json, {\"format\": 1, \"prompt\": "
        "{\"system\": null}}",
        name, command, command, LEM_REWARD_SYSTEM);
}

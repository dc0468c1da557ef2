/* stamp.c - whether anything changed that a report would show */
#include "report/stamp.h"

#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 6 };

typedef struct stamp {
    lem_sha256 hash;
    const char *page;
    size_t page_len; /* without ".html" */
} stamp;

/* "report.html", "report.md", "report-rm-loss.csv", "report.html.manifest.json" of "report". */
static bool is_own(const stamp *s, const char *path) {
    size_t n = strlen(path);
    if (n < s->page_len + 3 || strncmp(path, s->page, s->page_len) != 0) return false;
    const char *end = path + s->page_len;
    if (*end == '-') return strstr(end, ".csv") != NULL;
    return strncmp(end, ".html", 5) == 0 || strncmp(end, ".md", 3) == 0;
}

static void add_file(stamp *s, const char *path, const struct stat *info) {
    const long long facts[] = {(long long)info->st_ino, (long long)info->st_size,
                               (long long)info->st_mtim.tv_sec, (long long)info->st_mtim.tv_nsec};
    lem_sha256_add(&s->hash, path, strlen(path) + 1);
    lem_sha256_add(&s->hash, facts, sizeof facts);
}

/* At most MAX_DEPTH deep: the recursion is bounded. */
static void add_path(stamp *s, const char *path, int depth) {
    struct stat info;
    char **names = NULL;
    size_t n = 0;
    if (is_own(s, path) || stat(path, &info) != 0) return;
    if (!S_ISDIR(info.st_mode)) {
        add_file(s, path, &info);
        return;
    }
    if (depth == 0 || lem_dir_list(path, &names, &n, NULL) != LEM_OK) return;
    for (size_t i = 0; i < n; i++) {
        char *inside = lem_path_join(path, names[i], NULL);
        if (inside) add_path(s, inside, depth - 1);
        lem_free(inside);
        lem_free(names[i]);
    }
    lem_free(names);
}

static void add_beside(stamp *s, const char *input, const char *end) {
    lem_buf b = {0};
    size_t n = strlen(input);
    while (n > 1 && input[n - 1] == '/') n--;
    lem_buf_printf(&b, "%.*s%s", (int)n, input, end);
    if (!b.failed) add_path(s, lem_buf_str(&b), MAX_DEPTH);
    lem_buf_release(&b);
}

void lem_report_stamp(const char *const *inputs, int n, const char *page, char out[65]) {
    size_t len = strlen(page);
    stamp s = {.page = page, .page_len = len > 5 ? len - 5 : len};
    uint8_t digest[32];
    lem_sha256_init(&s.hash);
    for (int i = 0; i < n; i++) {
        add_beside(&s, inputs[i], "");
        add_beside(&s, inputs[i], ".job");
        add_beside(&s, inputs[i], ".manifest.json");
    }
    lem_sha256_end(&s.hash, digest);
    for (int i = 0; i < 32; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* power.c - logs of operations to trees of files */
#include "support/power.h"

#include "core/hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *need(void *p) {
    if (!p) abort();
    return p;
}

static void fail(const char *what, const char *path) {
    perror(path);
    fprintf(stderr, "%s: %s\n", what, path);
    abort();
}

static char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) fail("cannot read", path);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *text = need(malloc(*n + 1));
    if (fread(text, 1, *n, f) != *n) fail("cannot read", path);
    text[*n] = '\0';
    fclose(f);
    return text;
}

/* ---- folders in memory ---- */

typedef struct entry {
    int dir, node;
    const char *name;
} entry;

typedef struct names {
    entry *e;
    int n, cap;
} names;

static int lookup(const names *t, int dir, const char *name) {
    for (int i = 0; i < t->n; i++)
        if (t->e[i].dir == dir && strcmp(t->e[i].name, name) == 0) return i;
    return -1;
}

static void forget(names *t, int dir, const char *name) {
    int i = lookup(t, dir, name);
    if (i >= 0) t->e[i] = t->e[--t->n];
}

static void set(names *t, int dir, const char *name, int node) {
    forget(t, dir, name);
    if (t->n == t->cap) t->e = need(realloc(t->e, (size_t)(t->cap = 2 * t->cap + 64) * sizeof *t->e));
    t->e[t->n++] = (entry){dir, node, name};
}

/* The folder of path and its last name in it; -1 if the folder is not there. */
static int folder_of(const names *t, const char *path, const char **name) {
    int dir = 0;
    for (;;) {
        const char *slash = strchr(path, '/');
        if (!slash) break;
        char part[NAME_MAX + 1];
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        int i = lookup(t, dir, part);
        if (i < 0) return -1;
        dir = t->e[i].node;
        path = slash + 1;
    }
    *name = path;
    return dir;
}

/* ---- reading a log ---- */

typedef struct inodes {
    uint64_t ino[1 << 14];
    int n; /* node k + 1 has ino[k] */
} inodes;

static int node_of(const inodes *t, uint64_t ino) {
    for (int i = t->n; i-- > 0;)
        if (t->ino[i] == ino) return i + 1;
    return -1;
}

static void resolve(power_log *l, power_op *o, names *t, inodes *known) {
    int from = -1, there = -1;
    o->node = o->node_b = o->dir_a = o->dir_b = -1;
    if (o->op.n_a) o->dir_a = folder_of(t, o->a, &o->name_a);
    if (o->op.n_b) o->dir_b = folder_of(t, o->b, &o->name_b);
    switch ((iolog_kind)o->op.kind) {
    case IOLOG_CREATE:
    case IOLOG_MKDIR:
        if (known->n == 1 << 14 || o->dir_a < 0) abort();
        known->ino[known->n++] = o->op.ino;
        o->node = known->n;
        l->is_dir[o->node] = o->op.kind == IOLOG_MKDIR;
        set(t, o->dir_a, o->name_a, o->node);
        break;
    case IOLOG_WRITE:
    case IOLOG_TRUNCATE:
    case IOLOG_SYNC:
        o->node = node_of(known, o->op.ino);
        o->sync = o->op.kind == IOLOG_SYNC;
        break;
    case IOLOG_RENAME:
    case IOLOG_LINK:
        from = lookup(t, o->dir_a, o->name_a);
        if (from < 0 || o->dir_b < 0) abort();
        o->node = t->e[from].node;
        if (o->op.kind == IOLOG_RENAME) forget(t, o->dir_a, o->name_a);
        set(t, o->dir_b, o->name_b, o->node);
        break;
    case IOLOG_EXCHANGE:
        from = lookup(t, o->dir_a, o->name_a);
        there = lookup(t, o->dir_b, o->name_b);
        if (from < 0 || there < 0) abort();
        o->node = t->e[from].node;
        o->node_b = t->e[there].node;
        t->e[from].node = o->node_b;
        t->e[there].node = o->node;
        break;
    case IOLOG_REMOVE: forget(t, o->dir_a, o->name_a); break;
    }
}

static const char *text_of(const char **at, size_t n) {
    const char *text = *at;
    *at += n;
    return n ? strndup(text, n) : NULL;
}

void power_log_read(power_log *l, const char *path) {
    size_t n;
    names t = {NULL, 0, 0};
    inodes *known = need(calloc(1, sizeof *known));
    struct stat s;
    *l = (power_log){.text = slurp(path, &n)};
    l->is_dir = need(calloc((1 << 14) + 1, 1));
    l->is_dir[0] = true;
    (void)s;
    for (const char *at = l->text; at < l->text + n;) {
        power_op o = {.node = -1};
        memcpy(&o.op, at, sizeof o.op);
        at += sizeof o.op;
        o.a = text_of(&at, o.op.n_a);
        o.b = text_of(&at, o.op.n_b);
        o.data = at;
        at += o.op.n_data;
        resolve(l, &o, &t, known);
        if (o.op.kind == IOLOG_SYNC && o.node < 0) o.node = 0; /* the root: what else was there before */
        l->op = need(realloc(l->op, (size_t)(l->n + 1) * sizeof *l->op));
        l->op[l->n++] = o;
    }
    l->n_nodes = known->n + 1;
    free(t.e);
    free(known);
}

void power_log_release(power_log *l) {
    for (int i = 0; i < l->n; i++) {
        free((char *)(uintptr_t)l->op[i].a);
        free((char *)(uintptr_t)l->op[i].b);
    }
    free(l->op);
    free(l->is_dir);
    free(l->text);
}

/* ---- a state ---- */

static bool is_name(const power_op *o) { return o->dir_a >= 0 || o->dir_b >= 0; }
static bool is_content(const power_op *o) {
    return o->op.kind == IOLOG_WRITE || o->op.kind == IOLOG_TRUNCATE;
}

/* Whether sync s makes o, which came before it, safe. */
static bool keeps(const power_op *s, const power_op *o) {
    if (!s->sync || s->node < 0) return false;
    return is_content(o) ? o->node == s->node : o->dir_a == s->node || o->dir_b == s->node;
}

static bool is_safe(const power_log *l, const power_cut *cut, int i, bool with_dropped) {
    for (int s = i + 1; s < cut->at; s++)
        if ((s != cut->dropped || with_dropped) && keeps(&l->op[s], &l->op[i])) return true;
    return false;
}

/* How many operations from i on only the dropped sync keeps. */
static int kept_from(const power_log *l, const power_cut *cut, int i) {
    int n = 0;
    for (; cut->dropped >= 0 && i < cut->dropped; i++)
        n += !l->op[i].sync && !is_safe(l, cut, i, false) && is_safe(l, cut, i, true);
    return n;
}

int power_kept_by(const power_log *l, int k, int at) { return kept_from(l, &(power_cut){at, k, -1}, 0); }

static uint32_t draw(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static bool is_last_write(const power_log *l, const power_cut *cut, int i) {
    for (int k = i + 1; k < cut->at; k++)
        if (l->op[k].op.kind == IOLOG_WRITE && l->op[k].node == l->op[i].node) return false;
    return true;
}

/* How an operation that nothing keeps ends: *n bytes of its data, as zeros or not; false: lost. */
static bool chance(const power_log *l, const power_cut *cut, int i, uint64_t *seed, size_t *n, bool *zeros) {
    const power_op *o = &l->op[i];
    switch (cut->choice) {
    case POWER_NOTHING: return false;
    case POWER_ALL: return true;
    case POWER_NAMES: return is_name(o);
    case POWER_CONTENTS: return !is_name(o);
    case POWER_TORN:
        if (o->op.kind == IOLOG_WRITE && is_last_write(l, cut, i)) *n = o->op.n_data / 2;
        return true;
    case POWER_HOLES: *zeros = true; return true;
    case -1: return !(cut->dropped >= 0 && is_safe(l, cut, i, true)); /* what only the dropped sync kept */
    default:
        if (cut->choice < -1) return kept_from(l, cut, i) != -1 - cut->choice || !is_safe(l, cut, i, true);
    }
    uint32_t r = draw(seed);
    if (r % 8 == 0 && o->op.n_data) *n = draw(seed) % (o->op.n_data + 1);
    *zeros = r % 8 == 1;
    return r % 16 >= 6;
}

typedef struct content {
    char *data;
    size_t n;
} content;

static void write_at(content *c, size_t at, const char *data, size_t n, bool zeros) {
    if (n == 0) return;
    if (at + n > c->n) {
        c->data = need(realloc(c->data, at + n));
        memset(c->data + c->n, 0, at + n - c->n);
        c->n = at + n;
    }
    if (zeros) memset(c->data + at, 0, n);
    else memcpy(c->data + at, data, n);
}

static void cut_to(content *c, size_t n) {
    if (n < c->n) c->n = n;
    else if (n > c->n) {
        c->data = need(realloc(c->data, n));
        memset(c->data + c->n, 0, n - c->n);
        c->n = n;
    }
}

static void add_file(power_tree *t, char *path, bool dir, const content *c) {
    t->file = need(realloc(t->file, (size_t)(t->n + 1) * sizeof *t->file));
    power_file f = {.path = path, .dir = dir};
    if (!dir) {
        f.n = c->n;
        f.data = need(malloc(c->n + 1));
        if (c->n) memcpy(f.data, c->data, c->n);
        f.data[c->n] = '\0';
    }
    t->file[t->n++] = f;
}

static void walk(const power_log *l, const names *t, const content *c, int dir, const char *path,
                 power_tree *out) {
    for (int i = 0; i < t->n; i++) {
        char *below = NULL;
        if (t->e[i].dir != dir) continue;
        int node = t->e[i].node;
        if (asprintf(&below, "%s%s%s", path, *path ? "/" : "", t->e[i].name) < 0) abort();
        add_file(out, below, l->is_dir[node], &c[node]);
        if (l->is_dir[node]) walk(l, t, c, node, below, out);
    }
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const power_file *)a)->path, ((const power_file *)b)->path);
}

static void sort(power_tree *t) {
    if (t->n) qsort(t->file, (size_t)t->n, sizeof *t->file, by_path);
}

static void apply(const power_op *o, names *t, content *c, size_t n, bool zeros) {
    if (o->op.kind == IOLOG_RENAME || o->op.kind == IOLOG_REMOVE) forget(t, o->dir_a, o->name_a);
    if (o->op.kind == IOLOG_CREATE || o->op.kind == IOLOG_MKDIR) set(t, o->dir_a, o->name_a, o->node);
    if (o->op.kind == IOLOG_RENAME || o->op.kind == IOLOG_LINK) set(t, o->dir_b, o->name_b, o->node);
    if (o->op.kind == IOLOG_EXCHANGE) {
        set(t, o->dir_a, o->name_a, o->node_b);
        set(t, o->dir_b, o->name_b, o->node);
    }
    if (o->op.kind == IOLOG_WRITE && o->node >= 0) write_at(&c[o->node], o->op.at, o->data, n, zeros);
    if (o->op.kind == IOLOG_TRUNCATE && o->node >= 0) cut_to(&c[o->node], o->op.at);
}

void power_tree_of(const power_log *l, const power_cut *cut, power_tree *out) {
    names t = {NULL, 0, 0};
    content *c = need(calloc((size_t)l->n_nodes, sizeof *c));
    uint64_t seed = (uint64_t)cut->choice * 0x9e3779b97f4a7c15u + (uint64_t)cut->at;
    *out = (power_tree){NULL, 0};
    for (int i = 0; i < cut->at; i++) {
        const power_op *o = &l->op[i];
        size_t n = o->op.n_data;
        bool zeros = false;
        if (o->sync || (!is_safe(l, cut, i, false) && !chance(l, cut, i, &seed, &n, &zeros))) continue;
        apply(o, &t, c, n, zeros);
    }
    walk(l, &t, c, 0, "", out);
    sort(out);
    for (int i = 0; i < l->n_nodes; i++) free(c[i].data);
    free(c);
    free(t.e);
}

/* ---- folders on disk ---- */

static void read_below(power_tree *t, const char *root, const char *path) {
    char full[PATH_MAX];
    snprintf(full, sizeof full, "%s/%s", root, path);
    DIR *d = opendir(full);
    if (!d) fail("cannot read", full);
    for (struct dirent *e; (e = readdir(d));) {
        char *below = NULL;
        struct stat s;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (asprintf(&below, "%s%s%s", path, *path ? "/" : "", e->d_name) < 0) abort();
        snprintf(full, sizeof full, "%s/%s", root, below);
        if (lstat(full, &s) != 0) fail("cannot stat", full);
        content c = {NULL, 0};
        if (!S_ISDIR(s.st_mode)) c.data = slurp(full, &c.n);
        add_file(t, below, S_ISDIR(s.st_mode), &c);
        free(c.data);
        if (S_ISDIR(s.st_mode)) read_below(t, root, below);
    }
    closedir(d);
}

void power_tree_read(power_tree *t, const char *root) {
    *t = (power_tree){NULL, 0};
    read_below(t, root, "");
    sort(t);
}

void power_tree_write(const power_tree *t, const char *root) {
    for (int i = 0; i < t->n; i++) {
        char full[PATH_MAX];
        snprintf(full, sizeof full, "%s/%s", root, t->file[i].path);
        if (t->file[i].dir) {
            if (mkdir(full, 0777) != 0) fail("cannot make", full);
            continue;
        }
        int fd = open(full, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (fd < 0 || write(fd, t->file[i].data, t->file[i].n) != (ssize_t)t->file[i].n)
            fail("cannot write", full);
        close(fd);
    }
}

void power_tree_release(power_tree *t) {
    for (int i = 0; i < t->n; i++) {
        free(t->file[i].path);
        free(t->file[i].data);
    }
    free(t->file);
    *t = (power_tree){NULL, 0};
}

static bool ends_in(const char *path, const char *end) {
    size_t n = strlen(path), k = strlen(end);
    return n >= k && strcmp(path + n - k, end) == 0;
}

uint64_t power_tree_hash(const power_tree *t) {
    uint64_t h = 1;
    for (int i = 0; i < t->n; i++) {
        const power_file *f = &t->file[i];
        if (ends_in(f->path, ".lock")) continue;
        h = lem_hash64(f->path, strlen(f->path) + 1, h);
        if (f->dir || ends_in(f->path, "/timing.json")) continue;
        bool tells_requests = ends_in(f->path, ".dead.jsonl");
        h = tells_requests ? lem_hash64("", 1, h ^ (f->n > 0)) : lem_hash64(f->data, f->n, h ^ f->n);
    }
    return h;
}

const power_file *power_tree_find(const power_tree *t, const char *path) {
    power_file key = {.path = (char *)(uintptr_t)path};
    return t->n ? bsearch(&key, t->file, (size_t)t->n, sizeof *t->file, by_path) : NULL;
}

static void empty_below(const char *root) {
    DIR *d = opendir(root);
    if (!d) fail("cannot read", root);
    for (struct dirent *e; (e = readdir(d));) {
        char full[PATH_MAX];
        struct stat s;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        snprintf(full, sizeof full, "%s/%s", root, e->d_name);
        if (lstat(full, &s) == 0 && S_ISDIR(s.st_mode)) {
            empty_below(full);
            if (rmdir(full) != 0) fail("cannot remove", full);
        } else if (unlink(full) != 0) fail("cannot remove", full);
    }
    closedir(d);
}

void power_empty(const char *root) { empty_below(root); }

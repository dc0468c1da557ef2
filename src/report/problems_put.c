/* problems_put.c - kept problems as a list to search: its filters, and how much of the texts the page has
 * room for */
#include "report/problems_priv.h"

#include "core/buf.h"
#include "core/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_BYTES = 22 << 20,
    MOST_BYTES = 28 << 20,
    SAMPLE = 96,
    MAX_TAGS = LEM_TAG_N_FIXED + LEM_PROBLEM_COLUMNS * LEM_PROBLEM_VALUES + LEM_PROBLEMS_MAX_SETS,
    MAX_OWN = LEM_TAG_N_FIXED + LEM_PROBLEM_COLUMNS + 1
};

typedef struct level { /* of detail */
    size_t bytes;      /* of each text */
    int responses;     /* of a problem */
} level;
static const level levels[] = {{8000, LEM_PROBLEM_TEXTS},
                               {4000, LEM_PROBLEM_TEXTS},
                               {3000, 6},
                               {2000, 5},
                               {1500, 4},
                               {1200, 3},
                               {1000, 2},
                               {600, 2},
                               {300, 1},
                               {150, 0}};
enum { N_LEVELS = sizeof levels / sizeof *levels };

typedef struct list {
    const lem_problems *b;
    lem_map *first; /* problems of the first set, by their texts; NULL where there is one set */
    lem_tag tags[MAX_TAGS];
    int n_tags;
    int set_tag, value_tag[LEM_PROBLEM_COLUMNS][LEM_PROBLEM_VALUES];
} list;

static const lem_tag fixed_tags[LEM_TAG_N_FIXED] = {{"vote", "right", 0},
                                                    {"vote", "wrong", 0},
                                                    {"score's choice", "right", 0},
                                                    {"score's choice", "wrong", 0},
                                                    {"flipped", "right by the score, not by the vote", 0},
                                                    {"flipped", "right by the vote, not by the score", 0},
                                                    {"flipped", "right here, not in the first set", 0},
                                                    {"flipped", "right in the first set, not here", 0},
                                                    {"candidates", "none right", 0},
                                                    {"candidates", "some right", 0},
                                                    {"candidates", "all right", 0},
                                                    {"holds", "undecided", 0},
                                                    {"holds", "truncated", 0},
                                                    {"holds", "without an answer", 0}};

/* ---- tags ---- */

typedef struct value {
    const char *text;
    int was;
} value;

/* Numbers by size, then texts. */
static int by_value(const void *a, const void *b) {
    const value *x = a, *y = b;
    char *ex, *ey;
    double vx = strtod(x->text, &ex), vy = strtod(y->text, &ey);
    bool nx = ex != x->text && !*ex, ny = ey != y->text && !*ey;
    if (nx != ny) return ny - nx;
    if (nx && (vx < vy || vx > vy)) return vx < vy ? -1 : 1;
    return strcmp(x->text, y->text);
}

static void name_values(list *l, int column) {
    const lem_problem_column *col = &l->b->column[column];
    value v[LEM_PROBLEM_VALUES];
    if (col->dropped) return;
    for (int k = 0; k < col->n; k++) v[k] = (value){col->value[k], k};
    qsort(v, (size_t)col->n, sizeof *v, by_value);
    for (int k = 0; k < col->n; k++) {
        l->value_tag[column][v[k].was] = l->n_tags;
        l->tags[l->n_tags++] = (lem_tag){lem_problem_columns[column], v[k].text, 0};
    }
}

static void name_tags(list *l) {
    memcpy(l->tags, fixed_tags, sizeof fixed_tags);
    l->n_tags = LEM_TAG_N_FIXED;
    for (int c = 0; c < LEM_PROBLEM_COLUMNS; c++) name_values(l, c);
    l->set_tag = l->n_tags;
    for (int s = 0; s < l->b->n_sets && l->b->n_sets > 1; s++)
        l->tags[l->n_tags++] = (lem_tag){"set", l->b->names[s], 0};
}

/* Whether the same problem of the first set came out otherwise. */
static int flip_of(const list *l, const lem_problem *p) {
    int64_t at = 0;
    if (!l->first || p->set == 0 || !lem_map_find(l->first, (const char *)&p->hash, sizeof p->hash, &at))
        return -1;
    bool before = l->b->at[at].right;
    if (before == p->right) return -1;
    return before ? LEM_TAG_LOST : LEM_TAG_GAINED;
}

static int tags_of(const list *l, const lem_problem *p, int out[MAX_OWN]) {
    int n = 0, flip = flip_of(l, p);
    for (int t = 0; t < LEM_TAG_N_FIXED; t++)
        if (p->fixed >> t & 1 || t == flip) out[n++] = t;
    for (int c = 0; c < LEM_PROBLEM_COLUMNS; c++)
        if (p->value[c] >= 0 && !l->b->column[c].dropped) out[n++] = l->value_tag[c][p->value[c]];
    if (l->b->n_sets > 1) out[n++] = l->set_tag + p->set;
    return n;
}

static lem_status index_first(list *l, lem_err *err) {
    if (l->b->n_sets < 2) return LEM_OK;
    l->first = lem_map_new(err);
    lem_status st = l->first ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < l->b->n; i++)
        if (l->b->at[i].set == 0)
            st = lem_map_set(l->first, (const char *)&l->b->at[i].hash, sizeof(uint64_t), (int64_t)i, err);
    return st;
}

/* ---- items ---- */

typedef struct drawn {
    lem_example_part part[LEM_PROBLEM_TEXTS + 2];
    int tag[MAX_OWN];
    lem_item item;
} drawn;

static void draw(const list *l, const lem_problem *p, const level *v, drawn *d) {
    int n = 0;
    d->part[n++] = (lem_example_part){
        .label = "Problem", .text = p->text, .len = v->bytes, .more = p->more, .where = p->where};
    if (p->expected)
        d->part[n++] = (lem_example_part){.label = "expected answer", .text = "", .answer = p->expected};
    d->item = (lem_item){p->title, d->tag, tags_of(l, p, d->tag), p->answers, p->n_answers, n, d->part, n};
    for (int k = 0; k < p->n_parts && k < v->responses; k++) {
        d->part[n] = p->parts[k];
        d->part[n++].len = v->bytes;
    }
    d->item.n_parts = n;
}

/* The most detail that lets all problems fit, by a sample of them. */
static int choose_level(const list *l) {
    size_t n = l->b->n, step = n / SAMPLE + 1;
    drawn d;
    for (int v = 0; v < N_LEVELS; v++) {
        double bytes = 0, seen = 0;
        for (size_t i = step / 2; i < n; i += step, seen++) {
            draw(l, &l->b->at[i], &levels[v], &d);
            bytes += (double)lem_page_measure(&d.item);
        }
        if (seen < 1 || bytes / seen * (double)n <= PAGE_BYTES) return v;
    }
    return N_LEVELS - 1;
}

static void tell_level(lem_page *p, const level *v, size_t left_out) {
    char text[256];
    int n = 0;
    if (v != levels)
        n = snprintf(text, sizeof text,
                     "So that the page opens quickly, texts are shown up to %zu bytes, and up to %d "
                     "responses of a problem; the table of its answers has all of them.",
                     v->bytes, v->responses);
    if (left_out)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "%sThe last %zu problems are left out: the page would be too "
                      "large.",
                      n ? " " : "", left_out);
    if (n) lem_page_note(p, text);
}

static void put_items(list *l, lem_page *p) {
    int v = choose_level(l);
    size_t left_out = 0;
    drawn d;
    for (size_t i = 0; i < l->b->n; i++) {
        bool full = lem_page_item_bytes(p) > MOST_BYTES;
        left_out += full;
        if (full) continue;
        draw(l, &l->b->at[i], &levels[v], &d);
        for (int t = 0; t < d.item.n_tags; t++) l->tags[d.tag[t]].n++;
        lem_page_item(p, &d.item);
    }
    lem_page_section(p, "All problems");
    tell_level(p, &levels[v], left_out);
    lem_page_browse(p, "problems", l->tags, l->n_tags);
}

lem_status lem_problems_put(lem_problems *b, lem_page *p, lem_err *err) {
    if (!b->n) return LEM_OK;
    list *l = lem_alloc_zero(1, sizeof *l, err);
    if (!l) return LEM_EMEM;
    l->b = b;
    lem_status st = index_first(l, err);
    if (st == LEM_OK) {
        name_tags(l);
        put_items(l, p);
    }
    lem_map_free(l->first);
    lem_free(l);
    return st;
}

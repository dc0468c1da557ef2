/* bpe_long.c - byte-pair merging of a long word
 *
 * A queue yields the pair of lowest rank, the leftmost of equal ones. In a word of millions of symbols a heap
 * of all pairs misses the cache at every level, so there the places of a rank are kept as runs, lists that
 * ascend, and the heap holds only the first place of each run. Places come nearly in order: a pass over one
 * rank goes from left to right. One that does not fit on the end of its rank's newest run begins another run,
 * or, where that one is still short, stands in the heap alone. */
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <string.h>

#define RUNS_FROM 1 /* symbols; below, a heap alone is faster */
#define SHORT_RUN 16
#define BLOCK_PLACES 31
#define NONE UINT32_MAX

typedef struct symbol {
    int32_t id; /* -1: merged into the one before it */
    int32_t prev, next;
} symbol;
typedef struct item {
    uint64_t key; /* rank << 32 | place of the left symbol */
    uint32_t run; /* that it is the first of; NONE: it stands alone */
    int32_t id;   /* what the pair becomes */
} item;
typedef struct block { /* places of one run */
    int32_t place[BLOCK_PLACES];
    uint32_t next;
} block;
typedef struct place_run {
    uint32_t head, tail;  /* blocks of the places after the first; NONE: there is none */
    uint32_t taken, used; /* places of head that are gone, of tail that are filled */
    uint32_t n;           /* places ever put */
    int32_t last;         /* the last of them */
    uint32_t next_free;
} place_run;
struct tok_long {
    symbol *symbols;
    item *heap;
    block *blocks;
    place_run *runs;
    uint32_t *newest; /* [n_ranks] run of a rank that still grows, or NONE */
    size_t symbols_cap, heap_len, heap_cap, blocks_cap, runs_cap, n_ranks;
    uint32_t n_blocks, n_runs, free_block, free_run;
    bool use_runs;
};

void lem_long_free(tok_long *l) {
    if (!l) return;
    lem_free(l->symbols);
    lem_free(l->heap);
    lem_free(l->blocks);
    lem_free(l->runs);
    lem_free(l->newest);
    lem_free(l);
}

static lem_status grow(void **p, size_t need, size_t *cap, size_t size, lem_err *err) {
    if (need <= *cap) return LEM_OK;
    size_t c = *cap ? *cap : 1024;
    while (c < need) c *= 2;
    void *q = lem_realloc(*p, c, size, err);
    if (!q) return LEM_EMEM;
    *p = q;
    *cap = c;
    return LEM_OK;
}

/* ---- the heap */

static lem_status heap_push(tok_long *l, item x, lem_err *err) {
    if (l->heap_len == l->heap_cap) {
        lem_status st = grow((void **)&l->heap, l->heap_len + 1, &l->heap_cap, sizeof *l->heap, err);
        if (st != LEM_OK) return st;
    }
    size_t i = l->heap_len++;
    for (; i > 0 && x.key < l->heap[(i - 1) / 2].key; i = (i - 1) / 2) l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = x;
    return LEM_OK;
}

/* Puts x in place of the first. */
static void heap_replace(tok_long *l, item x) {
    size_t i = 0;
    for (size_t child = 1; child < l->heap_len; child = 2 * i + 1) {
        if (child + 1 < l->heap_len && l->heap[child + 1].key < l->heap[child].key) child++;
        if (x.key <= l->heap[child].key) break;
        l->heap[i] = l->heap[child];
        i = child;
    }
    l->heap[i] = x;
}

/* ---- runs */

static lem_status new_block(tok_long *l, uint32_t *out, lem_err *err) {
    *out = l->free_block;
    if (*out != NONE) {
        l->free_block = l->blocks[*out].next;
    } else {
        lem_status st =
            grow((void **)&l->blocks, (size_t)l->n_blocks + 1, &l->blocks_cap, sizeof *l->blocks, err);
        if (st != LEM_OK) return st;
        *out = l->n_blocks++;
    }
    l->blocks[*out].next = NONE;
    return LEM_OK;
}

static lem_status run_append(tok_long *l, place_run *r, int32_t place, lem_err *err) {
    if (r->tail == NONE || r->used == BLOCK_PLACES) {
        uint32_t b;
        lem_status st = new_block(l, &b, err);
        if (st != LEM_OK) return st;
        if (r->tail == NONE) r->head = b;
        else l->blocks[r->tail].next = b;
        r->tail = b;
        r->used = 0;
    }
    l->blocks[r->tail].place[r->used++] = place;
    r->last = place;
    r->n++;
    return LEM_OK;
}

/* A run that begins with place, which goes to the heap. */
static lem_status new_run(tok_long *l, int32_t rank, int32_t place, uint32_t *out, lem_err *err) {
    *out = l->free_run;
    if (*out != NONE) {
        l->free_run = l->runs[*out].next_free;
    } else {
        lem_status st = grow((void **)&l->runs, (size_t)l->n_runs + 1, &l->runs_cap, sizeof *l->runs, err);
        if (st != LEM_OK) return st;
        *out = l->n_runs++;
    }
    l->runs[*out] = (place_run){.head = NONE, .tail = NONE, .n = 1, .last = place};
    l->newest[rank] = *out;
    return LEM_OK;
}

/* The next place of a run; false, and the run is gone, if there is none. */
static bool run_next(tok_long *l, uint32_t index, int32_t rank, int32_t *place) {
    place_run *r = &l->runs[index];
    if (r->head == NONE) {
        r->next_free = l->free_run;
        l->free_run = index;
        if (l->newest[rank] == index) l->newest[rank] = NONE;
        return false;
    }
    block *b = &l->blocks[r->head];
    *place = b->place[r->taken++];
    if (r->taken < (r->head == r->tail ? r->used : BLOCK_PLACES)) return true;
    uint32_t gone = r->head;
    r->head = b->next;
    if (r->head == NONE) r->tail = NONE;
    r->taken = 0;
    b->next = l->free_block;
    l->free_block = gone;
    return true;
}

/* ---- the queue of pairs */

static lem_status queue_pair(tok_long *l, const tok_merge *m, int32_t place, lem_err *err) {
    item x = {(uint64_t)m->rank << 32 | (uint32_t)place, NONE, m->id};
    if (l->use_runs) {
        uint32_t newest = l->newest[m->rank];
        if (newest != NONE && l->runs[newest].last <= place)
            return run_append(l, &l->runs[newest], place, err);
        if (newest == NONE || l->runs[newest].n >= SHORT_RUN) {
            lem_status st = new_run(l, m->rank, place, &x.run, err);
            if (st != LEM_OK) return st;
        }
    }
    return heap_push(l, x, err);
}

static item queue_pop(tok_long *l) {
    item top = l->heap[0];
    int32_t place;
    if (top.run != NONE && run_next(l, top.run, (int32_t)(top.key >> 32), &place))
        heap_replace(l, (item){top.key >> 32 << 32 | (uint32_t)place, top.run, top.id});
    else if (--l->heap_len) heap_replace(l, l->heap[l->heap_len]);
    return top;
}

static const tok_merge *find_merge(const tok_bpe *b, const tok_long *l, int32_t left) {
    int32_t right = l->symbols[left].next;
    return right < 0 ? NULL : lem_bpe_find(b, l->symbols[left].id, l->symbols[right].id);
}

/* Queues the pair that begins at left, if it can be merged. */
static lem_status consider(const tok_bpe *b, tok_long *l, int32_t left, lem_err *err) {
    const tok_merge *m = left < 0 ? NULL : find_merge(b, l, left);
    return m ? queue_pair(l, m, left, err) : LEM_OK;
}

/* ---- merging */

static lem_status prepare(tok_long *l, const tok_bpe *b, size_t n, lem_err *err) {
    l->heap_len = 0;
    l->n_blocks = l->n_runs = 0;
    l->free_block = l->free_run = NONE;
    l->use_runs = n >= RUNS_FROM;
    if (l->use_runs && l->n_ranks < b->n_ranks) {
        lem_free(l->newest);
        l->newest = lem_alloc(b->n_ranks, sizeof *l->newest, err);
        l->n_ranks = l->newest ? b->n_ranks : 0;
        if (!l->newest) return LEM_EMEM;
    }
    if (l->use_runs) memset(l->newest, 0xff, l->n_ranks * sizeof *l->newest);
    return grow((void **)&l->symbols, n, &l->symbols_cap, sizeof *l->symbols, err);
}

static lem_status link_symbols(const tok_bpe *b, tok_long *l, const int32_t *ids, int32_t n,
                               const lem_cancel *cancel, lem_err *err) {
    lem_status st = LEM_OK;
    l->symbols[n - 1] = (symbol){ids[n - 1], n - 2, -1};
    for (int32_t i = 0; i + 1 < n && st == LEM_OK; i++) {
        l->symbols[i] = (symbol){ids[i], i - 1, i + 1};
        const tok_merge *m = lem_bpe_find(b, ids[i], ids[i + 1]);
        if (m) st = queue_pair(l, m, i, err);
        if (i % LEM_TOK_CHECK_EVERY == 0 && st == LEM_OK) st = lem_tok_check(cancel, err);
    }
    return st;
}

/* Merges the pair that was queued, unless it has changed since. */
static lem_status merge_at(const tok_bpe *b, tok_long *l, item queued, lem_err *err) {
    int32_t left = (int32_t)(uint32_t)queued.key;
    symbol *x = &l->symbols[left];
    const tok_merge *m = x->id < 0 ? NULL : find_merge(b, l, left);
    if (!m || m->id != queued.id) return LEM_OK;
    symbol *y = &l->symbols[x->next];
    x->id = queued.id;
    x->next = y->next;
    y->id = -1;
    if (x->next >= 0) l->symbols[x->next].prev = left;
    lem_status st = consider(b, l, x->prev, err);
    return st == LEM_OK ? consider(b, l, left, err) : st;
}

lem_status lem_bpe_merge_long(const tok_bpe *b, tok_long **memory, int32_t *ids, size_t *n,
                              const lem_cancel *cancel, lem_err *err) {
    if (!*memory && !(*memory = lem_alloc_zero(1, sizeof **memory, err))) return LEM_EMEM;
    tok_long *l = *memory;
    lem_status st = prepare(l, b, *n, err);
    if (st == LEM_OK) st = link_symbols(b, l, ids, (int32_t)*n, cancel, err);
    for (size_t k = 0; st == LEM_OK && l->heap_len; k++) {
        if (k % LEM_TOK_CHECK_EVERY == 0) st = lem_tok_check(cancel, err);
        if (st == LEM_OK) st = merge_at(b, l, queue_pop(l), err);
    }
    if (st != LEM_OK) return st;
    size_t made = 0;
    for (int32_t i = 0; i >= 0; i = l->symbols[i].next) ids[made++] = l->symbols[i].id;
    *n = made;
    return LEM_OK;
}

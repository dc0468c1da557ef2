/* faultd.h - an OpenAI-compatible server on 127.0.0.1 that fails in every way there is, and keeps the books
 *
 * Whether and how a request fails is a function of the seed, the request's id (X-Client-Request-Id) and how
 * often that id came before. What a real server would have billed is counted per id at the moment when it
 * would have done the work, so that a test can see what was billed twice. A good reply to a prompt P is
 * "[[P]] é∑𝄞", so that a test can see a reply to another prompt. */
#ifndef LEM_TESTS_FAULTD_H
#define LEM_TESTS_FAULTD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct faultd faultd;

typedef struct faultd_opts {
    int port; /* 0 = any */
    uint64_t seed;
    double rate;         /* share of requests that fail in a way drawn by the seed */
    const char *fault;   /* or this way alone, by name (faultd_name) */
    int times;           /* `fault` meets the first so many requests of each id; 0 = all */
    const char *after;   /* value of Retry-After with fault "429-after"; NULL = "1" */
    const char *key;     /* NULL = any; else 401 without it */
    const char *bills;   /* file to which "ID TOKENS FAULT" is appended for each bill; NULL = none */
    const char *text;    /* what every reply says in place of the echo; NULL = the echo */
    double delay_s;      /* before each reply */
    const char *refusal; /* what error replies say; NULL = some words */
    bool vary;           /* a reply to P with seed S has the choices "[[P]] S/0", "[[P]] S/1" */
    int choices;         /* that a reply has at most; 0 = as many as are asked for */
    bool repeats;        /* `text` comes behind the last message, as llama-server continues one */
    bool one_only;       /* several choices are refused with 400 */
    int logprobs; /* where they are asked for: 0 none, 1 those of three tokens, -0.25 each, 2 one is null */
    const char *version; /* that GET /version tells; NULL = none. GETs are in no book */
    /* What a good reply says in place of a completion: its JSON, from malloc, and its status. Called by
     * several threads. NULL, or where it gives NULL: a completion. */
    char *(*answer)(void *ctx, const char *path, const char *body, int *status);
    void *ctx;
} faultd_opts;

typedef struct faultd_books {
    int requests, billed, twice; /* twice: bills beyond the first of an id */
    uint64_t tokens;             /* of all bills */
    int most_at_once, no_key;
    double first_gap; /* seconds between the first request of all and the second */
    char last_key[128], last_body[4096];
} faultd_books;

faultd *faultd_start(const faultd_opts *o); /* NULL: no socket */
int faultd_port(const faultd *f);
faultd_books faultd_read(faultd *f);
void faultd_stop(faultd *f); /* waits for its threads; frees */
/* The i-th way to fail; NULL behind the last. */
const char *faultd_name(int i);
/* Whether a request that meets it is billed; whether its reply can be used. */
bool faultd_bills(const char *name);
bool faultd_good(const char *name);

#endif

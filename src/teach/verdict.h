/* teach/verdict.h - what a reply means for its item, its money and its endpoint */
#ifndef LEM_TEACH_VERDICT_H
#define LEM_TEACH_VERDICT_H

#include "net/completion.h"
#include "net/http.h"

typedef enum lem_verdict_kind {
    LEM_VERDICT_ANSWER,  /* record is the reply */
    LEM_VERDICT_LATER,   /* refused for now; not billed */
    LEM_VERDICT_UNSENT,  /* never left */
    LEM_VERDICT_UNSURE,  /* may have been billed, and nothing usable came */
    LEM_VERDICT_BILLED,  /* was billed, and what came cannot be used */
    LEM_VERDICT_REFUSED, /* this request is wrong; not billed */
    LEM_VERDICT_SETUP    /* key, path, model or credit are wrong: every request will be refused */
} lem_verdict_kind;

typedef struct lem_verdict {
    lem_verdict_kind kind;
    int status;       /* of HTTP; 0 where no reply came */
    bool failure;     /* counts for the breaker */
    bool spent;       /* SETUP: there is no credit left */
    lem_json *record; /* ANSWER: owned by the caller */
    char why[256];    /* the others, in one line */
    double wait_s;    /* the server asks for so long a pause; < 0 = no */
} lem_verdict;

/* The record of a reply with status 200, the caller's; LEM_EDATA where it cannot be used. */
typedef lem_status lem_verdict_read(void *ctx, const lem_http_reply *reply, lem_json **record, lem_err *err);

/* A reply with an error status was not billed, but for those of proxies that may have lost a whole one (502,
 * 504, 520 to 527, 598, 599) and 408 and 499. LEM_EMEM only. */
lem_status lem_verdict_of(const lem_http_reply *reply, lem_verdict_read *read, void *ctx, lem_verdict *out,
                          lem_err *err) LEM_MUST_CHECK;

#endif

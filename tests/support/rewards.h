/* rewards.h - what vLLM, OpenRLHF and llama-server answer of rewards, by a known function of what was sent
 *
 * The score of a text is rewards_of its bytes; that of a step or a token is rewards_of all bytes before it,
 * with it. A token counts as its four bytes, least first. So a test can compute what must stand in each row,
 * and sees a score of another text, of another step, or of a text that was sent in another form. */
#ifndef LEM_TESTS_REWARDS_H
#define LEM_TESTS_REWARDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From -8 to 8, exact in 20 bits. */
double rewards_of(const void *bytes, size_t n);

typedef struct rewards_opts {
    const char *apis;     /* "/pooling /score": the others are 404 */
    int outputs;          /* 1, or 2: (-x, x) */
    bool every_token;     /* /pooling, token_classify: a vector for each token, not only for steps */
    int32_t step_id;      /* the token that ends a step, where tokens are sent; texts have <extra_0> */
    bool activates;       /* sigmoid or softmax, whatever was asked for */
    bool shuffles;        /* its lists are in another order */
    const char *fault;    /* "count", "nan", "null", "huge", "twice", "string", "hidden"; NULL = none */
    const char *too_long; /* a request that holds these bytes is refused with 400; NULL = none */
    const char *lacks;    /* these bytes must stand in each request, else 400; NULL = none */
} rewards_opts;

typedef struct rewards {
    rewards_opts o;
    pthread_mutex_t lock;
    int requests, texts; /* answered */
    char last[1 << 16];  /* body */
} rewards;

void rewards_init(rewards *r, const rewards_opts *o);
/* What was answered before, and what is set now, is seen on both sides. */
void rewards_settle(rewards *r);
/* faultd_opts.answer; ctx is a rewards. */
char *rewards_answer(void *ctx, const char *path, const char *body, int *status);

#endif

/* token/selftest.h - text to ids and back by a small tokenizer made on the spot */
#ifndef LEM_TOKEN_SELFTEST_H
#define LEM_TOKEN_SELFTEST_H

#include "core/selftest.h"

/* Adds the check "tokenizer". */
void lem_token_selftest(lem_selftest *t);

#endif

/* domains.c - which domain an example is of */
#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

/* Its index; a new name takes the next place, of which the last is for all others. */
static int find(struct lem_domains *d, const char *name) {
    for (int i = 0; i < d->n; i++)
        if (strcmp(d->name[i], name) == 0) return i;
    if (d->n == LEM_MAX_DOMAINS) return LEM_MAX_DOMAINS - 1;
    if (d->n == LEM_MAX_DOMAINS - 1) name = LEM_DOMAIN_OTHER;
    snprintf(d->name[d->n], sizeof d->name[0], "%s", name);
    return d->n++;
}

/* Bytes of a name that fit, without a part of a character at the end. */
static int fitting(const char *name) {
    size_t n = strlen(name);
    if (n <= LEM_DOMAIN_LEN) return (int)n;
    n = LEM_DOMAIN_LEN;
    while (n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80) n--;
    return (int)n;
}

void lem_examples_name_domain(lem_examples *e, const char *name) {
    char cut[LEM_DOMAIN_LEN + 1];
    if (e->n == 0) return;
    if (!name || !*name) name = LEM_DOMAIN_NONE;
    snprintf(cut, sizeof cut, "%.*s", fitting(name), name);
    e->domain[e->n - 1] = (uint8_t)find(&e->domains, cut);
}

/* support/power.h - what a power loss may leave of the files that a run wrote, by its log (iolog.h)
 *
 * A state is a choice among the operations before the loss. One whose file or folder was synced behind it is
 * kept; any other may be kept, lost, or (a write) kept in part. Entries of a folder are lost unless that
 * folder was synced; a rename or an exchange of names is whole or lost. */
#ifndef LEM_TESTS_POWER_H
#define LEM_TESTS_POWER_H

#include "support/iolog.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct power_op {
    iolog_op op;
    const char *a, *b, *data; /* NUL behind each path */
    int node;                 /* the file or folder: of what is written, made or synced; -1 = not known */
    int node_b;               /* what was at b before an exchange; -1 = none */
    int dir_a, dir_b;         /* the folders whose entries change; -1 = none */
    const char *name_a, *name_b;
    bool sync; /* of something known */
} power_op;

typedef struct power_log {
    power_op *op;
    int n, n_nodes;
    bool *is_dir; /* [n_nodes]; node 0 is the root */
    char *text;
} power_log;

typedef enum power_choice {
    POWER_NOTHING,  /* what is not synced is lost */
    POWER_ALL,      /* all is kept: what kill -9 leaves */
    POWER_NAMES,    /* names are kept, contents are lost */
    POWER_CONTENTS, /* the other way round */
    POWER_TORN,     /* all is kept, but half of each file's last write */
    POWER_HOLES,    /* names and sizes are kept, contents are zeros */
    POWER_RANDOM    /* any of them: from here on, each number is another seed */
} power_choice;

typedef struct power_cut {
    int at;      /* the loss comes behind so many operations */
    int dropped; /* the sync (index of its operation) that never was; -1 = none */
    int choice;  /* power_choice; with `dropped`: -1 = all is kept but what that sync was for, -1 - i = all is
                    kept  but the i-th last of the operations that it was for, i from 1 */
} power_cut;

typedef struct power_file {
    char *path;
    bool dir;
    char *data;
    size_t n;
} power_file;

/* A tree of files, sorted by path. */
typedef struct power_tree {
    power_file *file;
    int n;
} power_tree;

/* Aborts on a log that makes no sense. The root is empty before the run. */
void power_log_read(power_log *l, const char *path);
void power_log_release(power_log *l);
/* How many operations sync k alone keeps of a loss behind `at`. */
int power_kept_by(const power_log *l, int k, int at);
void power_tree_of(const power_log *l, const power_cut *cut, power_tree *out);
void power_tree_read(power_tree *t, const char *root); /* from a folder */
void power_tree_write(const power_tree *t, const char *root);
void power_tree_release(power_tree *t);
/* Without locks, times of recipes, and what lists of failed items tell: how often each was sent, which is
 * more behind a loss. */
uint64_t power_tree_hash(const power_tree *t);
const power_file *power_tree_find(const power_tree *t, const char *path);
void power_empty(const char *root); /* removes all that is in it */

#endif

/* support/iolog.h - the form of the log that iolog.c writes: operations on files, in their order
 *
 * One record after the other: an iolog_op, then n_a bytes of a path, n_b of another, n_data of what was
 * written. Paths are below the root. Inodes are the kernel's numbers, and may be used again after a file is
 * gone: a CREATE or MKDIR begins a new one. */
#ifndef LEM_TESTS_IOLOG_H
#define LEM_TESTS_IOLOG_H

#include <stdint.h>

typedef enum iolog_kind {
    IOLOG_CREATE,   /* a: a new file, ino */
    IOLOG_MKDIR,    /* a: a new folder, ino */
    IOLOG_WRITE,    /* data at offset `at` of ino */
    IOLOG_TRUNCATE, /* ino has `at` bytes */
    IOLOG_SYNC,     /* of the file or folder ino */
    IOLOG_RENAME,   /* a becomes b */
    IOLOG_LINK,     /* a is also b */
    IOLOG_REMOVE,   /* a, a file or an empty folder */
    IOLOG_EXCHANGE  /* a becomes b, and b becomes a */
} iolog_kind;

typedef struct iolog_op {
    uint32_t kind, n_a, n_b, pad;
    uint64_t ino, at, n_data;
} iolog_op;

/* A program that serves (IOLOG_SERVE) reads requests from IOLOG_ASK, runs once for each, with the n-th
 * operation of that kind failing ("" = none), and writes the status of waitpid to IOLOG_TELL. What it printed
 * stands in the file that its standard output is. */
enum { IOLOG_ASK = 198, IOLOG_TELL = 199 };
typedef struct iolog_request {
    char kind[16];
    long n;
    int error;
} iolog_request;

#endif

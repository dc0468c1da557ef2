#!/bin/sh
# check_banned.sh - calls that no file may make, and those that belong to cli/ or core/ alone
set -eu
cd "$(dirname "$0")/.."
find src -name '*.[ch]' | LC_ALL=C sort | xargs awk -f tools/strip.awk | awk '
    BEGIN {
        n = split("strcpy strcat sprintf vsprintf gets strtok strtok_r rand srand random srandom drand48 atoi atol atoll atof alloca setlocale system popen " \
                  "tmpnam tempnam mktemp strncpy strncat scanf sscanf fscanf qsort_r gmtime localtime ctime asctime strerror longjmp setjmp", w, " ")
        for (i = 1; i <= n; i++) ban[w[i]] = "banned everywhere"
        n = split("exit _exit _Exit abort getenv secure_getenv setenv putenv printf vprintf puts putchar signal sigaction raise perror", w, " ")
        for (i = 1; i <= n; i++) below[w[i]] = "belongs to cli/"
        n = split("malloc calloc realloc reallocarray free posix_memalign aligned_alloc strdup strndup asprintf vasprintf open_memstream getline", w, " ")
        for (i = 1; i <= n; i++) heap[w[i]] = "heap goes through core/mem.h"
    }
    {
        file = $0; sub(/:.*/, "", file)
        rest = substr($0, length(file) + 2); line = rest; sub(/:.*/, "", line); text = substr(rest, length(line) + 2)
        split(file, p, "/"); folder = p[2]
        if (text ~ /^[ \t]*#[ \t]*include/) next
        if (folder != "cli" && text ~ /(^|[^A-Za-z0-9_])stdout([^A-Za-z0-9_]|$)/) { printf "%s:%s: stdout belongs to cli/\n", file, line; bad++ }
        if (text ~ /^[ \t]*#[ \t]*pragma[ \t]+GCC[ \t]+(optimize|diagnostic[ \t]+ignored)/) { printf "%s:%s: no pragma that changes semantics or hides warnings\n", file, line; bad++ }
        s = text
        while (match(s, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
            name = substr(s, RSTART, RLENGTH - 1); sub(/[ \t]+$/, "", name)
            before = RSTART > 1 ? substr(s, RSTART - 1, 1) : ""
            two = RSTART > 2 ? substr(s, RSTART - 2, 2) : ""
            member = before == "." || two == "->"
            why = ""
            if (!member) {
                if (name in ban) why = ban[name]
                else if ((name in below) && folder != "cli") why = below[name]
                else if ((name in heap) && file !~ /^src\/core\/(mem|arena)\.c$/) why = heap[name]
            }
            if (why != "") { printf "%s:%s: %s(): %s\n", file, line, name, why; bad++ }
            s = substr(s, RSTART + RLENGTH)
        }
    }
    END { exit bad > 0 }'

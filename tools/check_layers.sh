#!/bin/sh
# check_layers.sh - every #include of src/ against src/LAYERS, against the owners of system headers, and *_priv.h kept at home
set -eu
cd "$(dirname "$0")/.."
find src -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    BEGIN {
        while ((getline line < "src/LAYERS") > 0) {
            if (line !~ /^[a-z]+:/) continue
            n = split(line, w, /[: ]+/)
            known[w[1]] = 1; allowed[w[1], w[1]] = 1
            for (i = 2; i <= n; i++) {
                if (w[i] == "") continue
                if (!(w[i] in known) || w[i] == w[1]) { printf "src/LAYERS: %s names %s, which is not above it (cycle?)\n", w[1], w[i]; bad++ }
                allowed[w[1], w[i]] = 1
            }
        }
        owner["jansson.h"] = "core"; owner["yaml.h"] = "job"; owner["zlib.h"] = "core rows curate"; owner["zstd.h"] = "core rows"; owner["snappy-c.h"] = "rows"; owner["lz4.h"] = "rows"; owner["lz4frame.h"] = "rows"; owner["pthread.h"] = "core"
        owner["utf8proc.h"] = "jinja token curate"; owner["immintrin.h"] = "compute"; owner["pcre2.h"] = "token curate"; owner["gmp.h"] = "answer"
        owner["sys/socket.h"] = "net"; owner["curl/curl.h"] = "net"; owner["microhttpd.h"] = "net"; owner["mpi.h"] = "dist"; owner["nccl.h"] = "dist"
    }
    FNR == 1 {
        split(FILENAME, p, "/"); folder = p[2]
        if (folder != "cli" && !(folder in known)) { printf "%s: folder %s is not in src/LAYERS\n", FILENAME, folder; bad++ }
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        h = $0; sub(/^[^"]*"/, "", h); sub(/".*/, "", h)
        k = split(h, q, "/")
        if (k < 2) { printf "%s:%d: include \"%s\" must name its folder\n", FILENAME, FNR, h; bad++; next }
        if (folder != "cli" && !((folder, q[1]) in allowed)) { printf "%s:%d: %s may not include %s (src/LAYERS)\n", FILENAME, FNR, folder, h; bad++ }
        if (q[1] != folder && (k > 2 || h ~ /_priv\.h$/)) { printf "%s:%d: %s is private to %s\n", FILENAME, FNR, h, q[1]; bad++ }
    }
    /^[ \t]*#[ \t]*include[ \t]*</ {
        h = $0; sub(/^[^<]*</, "", h); sub(/>.*/, "", h)
        if ((h in owner) && index(" " owner[h] " ", " " folder " ") == 0) { printf "%s:%d: <%s> belongs to %s\n", FILENAME, FNR, h, owner[h]; bad++ }
        if (h ~ /^cuda/ && folder != "compute") { printf "%s:%d: <%s> belongs to compute\n", FILENAME, FNR, h; bad++ }
    }
    END { exit bad > 0 }'

#!/bin/sh
# setup.sh PACKAGE... - installs the Debian packages that are missing; where it cannot, says what is missing and how to get it
set -eu
. "$(dirname "$0")/progress.sh"

say() { printf 'dev: %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
module() { have pkg-config && pkg-config --exists "$1"; }

# links LIBRARY HEADER: a library that may come without a pkg-config file
links() {
    have cc || return 1
    probe=$(mktemp -d)
    found=1
    printf '#include <%s>\nint main(void) { return 0; }\n' "$2" >"$probe/probe.c"
    cc -o "$probe/probe" "$probe/probe.c" -l"$1" 2>/dev/null || found=0
    rm -rf "$probe"
    [ "$found" = 1 ]
}

# FLINT 3 has Arb inside; before that it is a library of its own, which Debian calls flint-arb.
have_arb() {
    links flint-arb arb.h || links flint-arb flint/arb.h || links arb arb.h || links flint flint/arb.h
}

# Whether what a Debian package gives is here, wherever it came from.
present() {
    case $1 in
    build-essential) have cc ;;
    ninja-build) have ninja ;;
    libcmocka-dev) module cmocka ;;
    libjansson-dev) module jansson ;;
    libyaml-dev) module yaml-0.1 ;;
    libzstd-dev) module libzstd ;;
    zlib1g-dev) module zlib ;;
    libpcre2-dev) module libpcre2-8 ;;
    libutf8proc-dev) module libutf8proc ;;
    libgmp-dev) module gmp || links gmp gmp.h ;;
    libmpfr-dev) module mpfr || links mpfr mpfr.h ;;
    libflint-dev) links flint flint/flint.h ;;
    libflint-arb-dev) have_arb ;;
    libsnappy-dev) links snappy snappy-c.h ;;
    liblz4-dev) module liblz4 || links lz4 lz4frame.h ;;
    libcurl4-openssl-dev) module libcurl ;;
    libmd4c-dev) module md4c || links md4c md4c.h ;;
    libssl-dev) module openssl ;;
    libc-ares-dev) module libcares ;;
    libclang-rt-*-dev) have clang ;;
    bubblewrap) have bwrap ;;
    *) have "$1" ;;
    esac
}

# What the same thing is called outside Debian.
plain_name() {
    case $1 in
    build-essential) echo "a C compiler (cc)" ;;
    ninja-build) echo "ninja" ;;
    libcmocka-dev) echo "cmocka (pkg-config: cmocka)" ;;
    libjansson-dev) echo "Jansson (pkg-config: jansson)" ;;
    libyaml-dev) echo "libyaml (pkg-config: yaml-0.1)" ;;
    libzstd-dev) echo "Zstandard (pkg-config: libzstd)" ;;
    zlib1g-dev) echo "zlib (pkg-config: zlib)" ;;
    libpcre2-dev) echo "PCRE2, 8 bit (pkg-config: libpcre2-8)" ;;
    libutf8proc-dev) echo "utf8proc (pkg-config: libutf8proc)" ;;
    libgmp-dev) echo "GMP (pkg-config: gmp)" ;;
    libmpfr-dev) echo "MPFR (pkg-config: mpfr)" ;;
    libflint-dev) echo "FLINT (flint/flint.h, -lflint)" ;;
    libflint-arb-dev) echo "Arb (arb.h, -lflint-arb or -larb; FLINT 3 has it inside)" ;;
    libsnappy-dev) echo "Snappy (snappy-c.h, -lsnappy)" ;;
    liblz4-dev) echo "LZ4 (pkg-config: liblz4)" ;;
    libcurl4-openssl-dev) echo "libcurl 7.85 or later (pkg-config: libcurl)" ;;
    libmd4c-dev) echo "md4c (pkg-config: md4c)" ;;
    libssl-dev) echo "OpenSSL (pkg-config: openssl)" ;;
    bubblewrap) echo "bubblewrap (bwrap)" ;;
    libc-ares-dev) echo "c-ares (pkg-config: libcares)" ;;
    *) echo "$1" ;;
    esac
}

absent() {
    for p in "$@"; do present "$p" || echo "$p"; done
}

# Installing is not possible: go on where everything is here all the same.
cannot_install() {
    why=$1 how=$2
    shift 2
    missing=$(absent "$@")
    [ -n "$missing" ] || return 0
    say "$why; these are missing:"
    for p in $missing; do printf '  %s\n' "$(plain_name "$p")" >&2; done
    # shellcheck disable=SC2086
    [ -z "$how" ] || say "$how" $missing
    exit 1
}

# What apt says about itself, "pmstatus:PACKAGE:PERCENT:TEXT", becomes progress; the rest goes to the log.
watch_apt() {
    while IFS= read -r line; do
        case $line in
        dlstatus:* | pmstatus:*)
            text=${line#*status:*:*:}
            percent=${line%:"$text"}
            percent=${percent##*:}
            [ "$total" = 0 ] || show "dev: apt: ${percent%%.*} % of $total packages, $text"
            ;;
        *) printf '%s\n' "$line" ;;
        esac
    done
    show_end
}

# apt ARGUMENT...: apt-get as root, with progress; everything it says goes to $log
apt() {
    { rc=0; $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o APT::Status-Fd=1 -o Dpkg::Use-Pty=0 "$@" 2>&1 || rc=$?; echo "$rc" >"$status_file"; } |
        watch_apt >>"$log"
    [ "$(cat "$status_file")" = 0 ] && return 0
    tail -n 20 "$log" >&2
    say "apt-get $1 failed (everything it said is in $log)"
    exit 1
}

install() {
    log=$(mktemp) status_file=$(mktemp)
    total=0
    say "installing with apt: $*"
    say "apt-get update"
    apt update -q
    total=$(apt-get -s install --no-install-recommends "$@" 2>/dev/null | grep -c '^Inst ' || true)
    say "apt-get install: $total packages with what they need, about a minute on a fast line"
    apt install -y -q --no-install-recommends "$@"
    say "installed $total packages in $(show_elapsed)"
    rm -f "$log" "$status_file"
}

if ! have dpkg-query || ! have apt-get; then
    cannot_install "not a Debian system, so nothing is installed for you" "" "$@"
    exit 0
fi
missing=
for p in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
    if ! have sudo; then
        # shellcheck disable=SC2086
        cannot_install "neither root nor sudo is at hand" "ask an administrator to run: apt-get install --no-install-recommends" $missing
        exit 0
    fi
    as_root=sudo
fi
# shellcheck disable=SC2086
install $missing

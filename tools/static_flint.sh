#!/bin/sh
# static_flint.sh FOLDER JOBS - builds FOLDER/libflint.a and FOLDER/libflint-arb.a, which Debian does not ship, from Debian's own sources
# The same versions and the same settings as the shared libraries that are installed, without NTL, which only C++ programs ask for.
set -eu
. "$(dirname "$0")/progress.sh"
. "$(dirname "$0")/debian_source.sh"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
jobs=$2
say() { printf 'dev: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
if [ -e "$folder/libflint.a" ] && [ -e "$folder/libflint-arb.a" ]; then exit 0; fi
command -v apt-get >/dev/null 2>&1 || die "no static FLINT: put libflint.a and libflint-arb.a into $folder"

# The parts of FLINT that the grader and Arb reach; a missing one is an undefined symbol when the program is linked.
modules="ulong_extras long_extras perm fmpz fmpz_vec fmpz_poly fmpq_poly fmpz_mat fmpz_lll mpfr_vec mpfr_mat mpf_vec mpf_mat nmod nmod_vec
nmod_poly nmod_poly_factor arith mpn_extras nmod_mat fmpq fmpq_vec fmpq_mat fmpz_mod_poly fmpz_mod_poly_factor fmpz_factor
fmpz_poly_factor fft qsieve double_extras d_vec d_mat fmpz_mod_mat mpoly fmpz_mpoly thread_pool thread_support fmpz_mod fmpz_mod_vec n_poly"

fetch() {
    for p in flint flint-arb; do
        version=$(dpkg-query -W -f='${source:Version}' "lib$p-dev" 2>/dev/null) || die "lib$p-dev is not installed"
        set -- "$@" "$p=$version"
    done
    say "fetching the sources of $* with apt"
    debian_source "$@"
}

# make_static TREE [make arguments]: its own Makefile, with the lines of compiled files as progress
make_static() {
    name=$1
    shift
    count=0
    { rc=0; make -C "$name" -j "$jobs" static "$@" 2>&1 || rc=$?; echo "$rc" >status; } | while IFS= read -r line; do
        case $line in *' CC '*) count=$((count + 1)); show "dev: $name: compiled $count files" ;; esac
        printf '%s\n' "$line" >>log
    done
    show_end
    [ "$(cat status)" = 0 ]
}

build() {
    (cd flint-[0-9]* && ./configure --disable-shared --enable-static CFLAGS=-O2) >>log 2>&1 || return 1
    (cd flint-arb-[0-9]* && ./configure --disable-shared --enable-static --with-flint=/usr CFLAGS=-O2) >>log 2>&1 || return 1
    cmp flint-[0-9]*/flint-config.h /usr/include/flint/flint-config.h >>log 2>&1 || { say "FLINT would be built with other settings than the headers in /usr/include"; return 1; }
    make_static flint-[0-9]* BUILD_DIRS="$(echo "$modules" | tr '\n' ' ')" || return 1
    make_static flint-arb-[0-9]* || return 1
}

work=$folder/work
rm -rf "$work"
mkdir -p "$work"
cd "$work"
say "building FLINT and Arb as static libraries, once: about $((270 / 60 / jobs + 1)) min on an idle machine"
if ! fetch || ! build; then
    tail -n 20 log >&2
    die "FLINT could not be built (everything that was said is in $work/log)"
fi
mv flint-[0-9]*/libflint.a "$folder/libflint.a"
mv flint-arb-[0-9]*/libarb.a "$folder/libflint-arb.a"
cd "$folder"
rm -rf "$work"

#!/bin/sh
# static_md4c.sh FOLDER - builds FOLDER/libmd4c.a, which Debian does not ship, from Debian's own source of the installed version
set -eu
. "$(dirname "$0")/debian_source.sh"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
say() { printf 'dev: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
[ ! -e "$folder/libmd4c.a" ] || exit 0
command -v apt-get >/dev/null 2>&1 || die "no static md4c: put libmd4c.a into $folder"

build() {
    version=$(dpkg-query -W -f='${source:Version}' libmd4c-dev 2>/dev/null) || die "libmd4c-dev is not installed"
    say "fetching the source of md4c=$version with apt"
    debian_source --tar-only "md4c=$version" || return 1
    tar xf md4c_*.orig.tar.* >>log 2>&1 || return 1
    cc -O2 -DMD4C_USE_UTF8 -c md4c*/src/md4c.c -o md4c.o >>log 2>&1 || return 1
    ar rcs libmd4c.a md4c.o >>log 2>&1
}

work=$folder/work
rm -rf "$work"
mkdir -p "$work"
cd "$work"
if ! build; then
    tail -n 20 log >&2
    die "md4c could not be built (everything that was said is in $work/log)"
fi
mv libmd4c.a "$folder/libmd4c.a"
cd "$folder"
rm -rf "$work"

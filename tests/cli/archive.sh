#!/bin/sh
# archive.sh SOURCE - the archive that ./dev release wrote of this version: reproducible in form, and works where it is unpacked (77: there is none)
set -eu
source=$1
version=$(sed -n 's/^#define LEMMA_VERSION "\(.*\)"$/\1/p' "$source/src/core/version.h")
name=lemma-$version-linux-$(uname -m)
archive=$source/dist/$name.tar.gz
[ -e "$archive" ] || { echo "no $archive: ./dev release writes it"; exit 77; }
# An archive of other sources than these says nothing about them.
[ -z "$(find "$source/src" "$source/recipes" "$source/cmake" -newer "$archive" -type f | head -n 1)" ] || { echo "the archive is older than the sources"; exit 77; }
dir=$(mktemp -d /tmp/lemma-archive-XXXXXX)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
tar -tzf "$archive" | sed 's:/$::' >"$dir/names"
LC_ALL=C sort "$dir/names" | cmp - "$dir/names" || fail "names are not sorted"
TZ=UTC tar -tvzf "$archive" --numeric-owner --full-time | awk '{ print $2, $4, $5 }' | sort -u >"$dir/owners"
[ "$(wc -l <"$dir/owners")" = 1 ] || fail "several owners or times: $(cat "$dir/owners")"
grep -q '^0/0 ' "$dir/owners" || fail "the owner is not root: $(cat "$dir/owners")"
[ "$(od -An -tx1 -j4 -N4 "$archive" | tr -d ' ')" = 00000000 ] || fail "gzip wrote a time"
tar -xzf "$archive" -C "$dir"
if grep -qF "$source" "$dir/$name/bin/lemma"; then fail "the program names the folder it was built in"; fi
for p in libgmp libmpfr libflint libflint-arb libjansson; do
    [ -s "$dir/$name/share/doc/lemma/third-party/$p.txt" ] || fail "the licence of $p is missing"
done
"$source/tests/cli/installed.sh" "$dir/$name" "$source" static

#!/bin/sh
# release.sh JOBS - dist/lemma-VERSION-linux-MACHINE.tar.gz: the static program, recipes, man pages, completions; the same bytes each time
set -eu
cd "$(dirname "$0")/.."
jobs=$1
say() { printf 'dev: %s\n' "$*" >&2; }
version=$(sed -n 's/^#define LEMMA_VERSION "\(.*\)"$/\1/p' src/core/version.h)
name=lemma-$version-linux-$(uname -m)
build="build-static"
tools/static_flint.sh $build/flint "$jobs"
tools/static_curl.sh $build/curl "$jobs"
tools/static_md4c.sh $build/md4c
if ! cmake --preset static -DLEMMA_WERROR=ON >$build/configure.log 2>&1; then
    cat $build/configure.log >&2
    exit 1
fi
tools/ninja.sh $build "$jobs" lemma lemma_pages
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cmake --install $build --strip --prefix "$stage/$name" >$build/install.log

# The licences of what is linked in, as Debian states them.
for p in libjansson libyaml libzstd zlib1g libpcre2 libutf8proc libgmp libmpfr libflint libflint-arb libsnappy liblz4 libcurl4-openssl libmd4c libssl libc-ares libc6; do
    for file in /usr/share/doc/$p-dev/copyright; do
        [ ! -e "$file" ] || install -D -m 644 "$file" "$stage/$name/share/doc/lemma/third-party/$p.txt"
    done
done

# One time for all files: that of the commit, so that the same commit gives the same archive.
when=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
chmod -R u=rwX,go=rX "$stage/$name"
mkdir -p dist
(cd "$stage" && find "$name" | LC_ALL=C sort) >"$stage/names"
tar --mtime="@$when" --owner=0 --group=0 --numeric-owner --format=ustar -C "$stage" --no-recursion -T "$stage/names" -cf "$stage/$name.tar"
gzip -n -9 <"$stage/$name.tar" >"dist/$name.tar.gz"
say "wrote dist/$name.tar.gz ($(du -h "dist/$name.tar.gz" | cut -f1)): $(sha256sum "dist/$name.tar.gz" | cut -c1-64)"

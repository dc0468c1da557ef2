#!/bin/sh
# check_named.sh BUILD - the programs and scripts that the documents tell to run are there
set -eu
cd "$(dirname "$0")/.."
build=$1
for doc in docs/*.md README.md SECURITY.md CONTRIBUTING.md; do
    grep -oE '`[^`]*`' "$doc" | grep -oE '(^|[` ])(build/)?(tests|tools|bench)/[A-Za-z0-9_/-]+(\.sh|\.py)?' | tr -d '` ' | sort -u | while read -r path; do
        case $path in
        build/*) [ -x "$build/${path#build/}" ] || echo "$doc: $path is not built" ;;
        *.sh | *.py) [ -f "$path" ] || echo "$doc: $path is not there" ;;
        esac
    done
done >"$build/named.log"
cat "$build/named.log"
[ ! -s "$build/named.log" ]

#!/bin/sh
# install.sh CMAKE BUILD SOURCE - `cmake --install` into a temporary prefix, then installed.sh
set -eu
cmake=$1 build=$2 source=$3
dir=$(mktemp -d /tmp/lemma-install-XXXXXX)
trap 'rm -rf "$dir"' EXIT
"$cmake" --install "$build" --prefix "$dir/prefix" >"$dir/log" || { cat "$dir/log"; exit 1; }
"$source/tests/cli/installed.sh" "$dir/prefix" "$source"

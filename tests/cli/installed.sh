#!/bin/sh
# installed.sh ROOT SOURCE - a tree as `cmake --install` makes it, moved to another folder, works with an empty environment
# With a third argument `static`: the program needs no shared library, and runs the whole quick demo.
set -eu
root=$1 source=$2 kind=${3:-}
dir=$(mktemp -d /tmp/lemma-installed-XXXXXX)
trap 'rm -rf "$dir"' EXIT
mv "$root" "$dir/a b"
root="$dir/a b"
cd "$dir"
fail() { echo "FAILED: $*"; exit 1; }
run() { env -i "$root/bin/lemma" "$@"; }

version=$(sed -n 's/^#define LEMMA_VERSION "\(.*\)"$/\1/p' "$source/src/core/version.h")
[ "$(run --version)" = "lemma $version" ] || fail "lemma --version says '$(run --version)', not 'lemma $version'"
run doctor >doctor.txt || fail "lemma doctor: $(cat doctor.txt)"
run grade --explain '\frac{1}{2}' 0.5 >grade.txt || fail "lemma grade --explain"

# What lies in share/ is what the repository has.
diff -r "$source/recipes" "$root/share/lemma/recipes" || fail "share/lemma/recipes"
for f in README.md LICENSE CHANGELOG.md docs/formats.md docs/cli.md; do
    cmp "$source/$f" "$root/share/doc/lemma/$f" || fail "share/doc/lemma/$f"
done
run model info "$root/share/lemma/recipes/demo-base" >info.txt || fail "the base model that was installed cannot be opened"
run demo --dry-run --out "$dir/planned" >planned.txt 2>&1 || fail "the demo does not find its base model: $(tail -n 1 planned.txt)"

# Man pages and completions: one page a command, each what the program prints.
run completion bash >bash.txt || fail "lemma completion bash"
cmp bash.txt "$root/share/bash-completion/completions/lemma" || fail "bash completion"
bash -n bash.txt || fail "bash completion does not parse"
run completion zsh | cmp - "$root/share/zsh/site-functions/_lemma" || fail "zsh completion"
run completion fish | cmp - "$root/share/fish/vendor_completions.d/lemma.fish" || fail "fish completion"
run man | cmp - "$root/share/man/man1/lemma.1" || fail "lemma.1"
run man --list >names.txt
grep -qx "rm train" names.txt || fail "lemma man --list leaves out rm train"
while read -r name; do
    run man "$name" | cmp - "$root/share/man/man1/lemma-$(echo "$name" | tr ' ' -).1" || fail "the page of lemma $name"
done <names.txt
[ "$(find "$root/share/man" -type f | wc -l)" = $(($(wc -l <names.txt) + 1)) ] || fail "pages of other commands"

if [ "$kind" = static ]; then
    libraries=$(ldd "$root/bin/lemma" 2>&1 || true)
    case $libraries in *"not a dynamic executable"* | *"statically linked"*) ;; *) fail "it needs shared libraries: $libraries" ;; esac
    run demo --quick --out "$dir/demo" --quiet >demo.txt 2>&1 || fail "lemma demo --quick: $(tail -n 5 demo.txt)"
    [ -s "$dir/demo/report.html" ] || fail "lemma demo --quick left no report"
fi
echo "lemma $version runs from any folder"

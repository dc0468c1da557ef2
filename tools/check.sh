#!/bin/sh
# check.sh - every check of the sources, one line each; the findings follow a failure
#
# What a check says in a first line "note: ..." is shown behind its ok. One that exits with 77 was skipped, for the reason in its first line.
set -eu
cd "$(dirname "$0")/.."
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

check() {
    name=$1
    shift
    status=0
    "$@" >"$out" 2>&1 || status=$?
    case $status in
    0) printf 'ok    %s%s\n' "$name" "$(sed -n '1s/^note: /: /p' "$out")" ;;
    77) printf 'skip  %s: %s\n' "$name" "$(head -n 1 "$out")" ;;
    *)
        printf 'FAIL  %s: %s findings\n' "$name" "$(wc -l <"$out")"
        head -n 40 "$out" | sed 's/^/      /'
        failed=$((failed + 1))
        ;;
    esac
}

werror_build() {
    cmake --preset release -DLEMMA_WERROR=ON >/dev/null && ninja --quiet -C build
}

cli_docs() {
    tools/cli_docs.sh build/lemma | diff docs/cli.md - || { echo "run ./dev docs"; return 1; }
}

grading_docs() {
    tools/grading_docs.sh build | diff docs/grading.md - || { echo "run ./dev docs"; return 1; }
}

check "first lines name the file and its purpose" tools/check_purpose.sh
check "includes follow src/LAYERS" tools/check_layers.sh
check "no banned calls" tools/check_banned.sh
check "functions, files and lines within their limits" tools/check_size.sh
check "functions of complexity 15 at most" tools/check_complexity.sh
check "one ?: in a line" tools/check_ternary.sh
check "formatting" tools/check_format.sh
check "builds without warnings" werror_build
check "exported symbols begin with lem_" tools/check_symbols.sh build
check "no mutable statics" tools/check_statics.sh build
check "a layer's roles stand in one table" tools/check_roles.sh
check "hardened program" tools/check_hardening.sh build
check "no circles between files" tools/check_circles.sh build
check "what is exported is used" tools/check_unused.sh build
check "docs/cli.md is what --help says" cli_docs
check "docs/grading.md has the rules in their order" grading_docs
man_pages() {
    command -v mandoc >/dev/null 2>&1 || { echo "mandoc is not installed"; return 77; }
    { build/lemma man; build/lemma man --list | while read -r c; do build/lemma man "$c"; done; } >/dev/null
    build/lemma man | mandoc -T lint -W warning
    build/lemma man --list | while read -r c; do build/lemma man "$c" | mandoc -T lint -W warning || exit 1; done
}

completions() {
    for shell in bash zsh fish; do
        command -v $shell >/dev/null 2>&1 || continue
        build/lemma completion $shell | $shell -n || return 1
    done
}

check "man pages (mandoc)" man_pages
check "completion scripts" completions
mutants() {
    command -v python3 >/dev/null 2>&1 || { echo "python3 is not installed"; return 77; }
    tools/mutants.py --check
}

check "programs that the documents name" tools/check_named.sh build
check "shell scripts" tools/check_shell.sh
check "planted defects stand in their files" mutants
[ "$failed" = 0 ] || { echo "$failed checks failed"; exit 1; }

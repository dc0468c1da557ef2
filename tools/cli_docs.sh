#!/bin/sh
# cli_docs.sh PROGRAM - prints the help of every command as one Markdown page
set -eu
program=$1
echo "# The command line"
echo
echo "Made by \`./dev docs\` from the option tables; \`lemma COMMAND --help\` prints the same."
echo
echo '```text'
"$program" --help
echo '```'
"$program" --help | awk '/^commands:/ { on = 1; next } on && /^  [a-z]/ { line = $0; sub(/^  /, "", line); sub(/  .*/, "", line); print line } on && /^$/ { on = 0 }' |
    while read -r command; do
        printf '\n## lemma %s\n\n```text\n' "$command"
        # shellcheck disable=SC2086
        "$program" $command --help </dev/null
        echo '```'
    done

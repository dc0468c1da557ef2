#!/bin/sh
# tokenizer.sh - tools/golden/tokenizer.py still links Lemma's tokenizer, and the public vectors hold; skipped (77) without Python or the shared data
# usage: tokenizer.sh SOURCE DATA
set -eu
command -v python3 >/dev/null && [ -d "$2/tokenizers/vectors" ] || exit 77
exec python3 "$1/tools/golden/tokenizer.py" vectors "$2"

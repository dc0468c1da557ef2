#!/bin/sh
# check_roles.sh - each role of a layer's parameters (q, k, v, o, gate, ...) stands in one table: model/roles.c
#
# What is in the table is read from it. Elsewhere: no name of such a tensor in a string; no field or variable named after a role's bias or norm
# (switches of a config and activations are no parameters); and the roles of a layer are named by the forward pass and the backward pass alone.
set -eu
cd "${1:-$(dirname "$0")/..}"
table=src/model/roles.c
bad=0
report() {
    [ -z "$1" ] || { printf '%s\n' "$1"; bad=1; }
}

roles=$(tr '\n' ' ' <$table | sed 's/}, */},\n/g' | sed -n 's/^.*\[\(LEM_ROLE_[A-Z_]*\)\] = .*[A-Z_]*, *\(ALWAYS\|SPLIT\|FUSED\|SPLIT_BIAS\|FUSED_BIAS\|QK_NORM\|O_BIAS\|MLP_BIAS\)},.*/\1/p')
[ "$(printf '%s\n' "$roles" | wc -l)" -ge 20 ] || { echo "$table: the table of roles is not as it was"; exit 1; }
names=$(sed -n '/^static const role_row table/,/^};/p' $table | grep -o '"[a-z_0-9.]*\.[a-z_0-9]*\.\(weight\|bias\)"\|"[a-z]*_norm\.weight"\|"[a-z_]*layernorm\.weight"' | tr -d '"' | sort -u)

# shellcheck disable=SC2046
report "$(printf '%s\n' "$names" | sed 's/\.\(weight\|bias\)$//' | sort -u | grep -rnFf - $(find src -name '*.[ch]' ! -path $table) | sed 's/$/   <- a tensor of the table/')"
fields='\b\(\(q\|k\|v\|o\|gate\|up\|down\)_bias\|\(q\|k\|attn\|mlp\)_norm\)\b'
# shellcheck disable=SC2046
set -- $(find src -name '*.[ch]' ! -path $table)
for f in "$@"; do
    report "$(awk -f tools/strip.awk "$f" | grep "$fields" | grep -v '\(c\|config\)\(->\|\.\)o_bias\|\bo_bias, mlp_bias;\|(o_bias)\|\.o_bias = ' | sed 's/$/   <- a parameter with a name of its own/')"
done
for r in $roles; do
    report "$(grep -rnw "$r" src --include='*.[ch]' | grep -v '^src/model/\(roles\.[ch]\|pass\.c\|net_backward\.c\):' | sed 's/$/   <- a role of a layer/')"
done
exit $bad

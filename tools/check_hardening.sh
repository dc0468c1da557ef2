#!/bin/sh
# check_hardening.sh - what the compiler and the linker can do against exploits is in the program: BUILD is the build folder
set -eu
program=${1:-build}/lemma
bad=0
need() {
    "$1" "$2" "$program" 2>/dev/null | grep -q "$3" || { echo "$program: $4"; bad=1; }
}
need readelf -hW 'Type:.*DYN' 'no position-independent executable'
need readelf -lW GNU_RELRO 'no RELRO'
need readelf -dW 'BIND_NOW\|NOW' 'symbols are bound late: RELRO is partial (-z now)'
need readelf -sW __stack_chk_fail 'no stack protector'
need readelf -sW '__[a-z]*_chk@' 'no fortified calls (_FORTIFY_SOURCE)'
if readelf -lW "$program" | grep GNU_STACK | grep -q E; then echo "$program: the stack is executable"; bad=1; fi
exit $bad

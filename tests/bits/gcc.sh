#!/bin/sh
# The list of bits as another compiler makes it: builds library and list with gcc on x86-64 Linux.
#
#     sh tests/bits/gcc.sh PROGRAM && PROGRAM | cmp - tests/bits/bits.txt
#
# A second argument names a file for what it was made of, as a rule of make. CC chooses another compiler
# that takes gcc's options.
set -eu
mkdir -p "$(dirname "$1")"
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
rule=${2:+$(cd "$(dirname "$2")" && pwd)/$(basename "$2")}
cd "$(dirname "$0")/../.."
cc=${CC:-gcc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags="-std=c11 -O2 -MMD -ffp-contract=off -D_GNU_SOURCE -DNDEBUG -DWG_VERSION='\"gcc\"' -DWG_HAVE_X86_LEVELS=1
    -I. -Icore/include -Igraph/include -Iruntime/include"
flags=$(printf '%s' "$flags" | tr '\n' ' ')

# Prints the command that compiles one file.
compile() { # NAME SOURCE FLAGS...
    name=$1 source=$2
    shift 2
    printf '%s %s %s -c %s -o %s/%s.o\n' "$cc" "$flags" "$*" "$source" "$work" "$name"
}

commands() {
    find core ops graph runtime -name '*.c' ! -path 'ops/kernels/*' | while read -r source; do
        compile "$(printf '%s' "${source%.c}" | tr / _)" "$source" -DWG_NO_LOCATION
    done
    for level in portable:x86-64 sse2:x86-64 avx2:x86-64-v3 avx512:x86-64-v4; do
        macro=WG_LEVEL_$(printf '%s' "${level%:*}" | tr '[:lower:]' '[:upper:]')
        for source in ops/kernels/*.c; do
            compile "$(basename "${source%.c}")_${level%:*}" "$source" -O3 "-march=${level#*:}" \
                "-DWG_LEVEL=${level%:*}" "-D$macro=1" -DWG_NO_LOCATION
        done
    done
    for source in tests/bits/*.c; do compile "bits_$(basename "${source%.c}")" "$source"; done
}

commands | xargs -d '\n' -n 1 -P "$(getconf _NPROCESSORS_ONLN)" sh -c
$cc "$work"/*.o -o "$program" -luv -lz -lpthread -lm
[ -z "$rule" ] || { # One rule of all rules, each file once.
    printf '%s:' "$program"
    cat "$work"/*.d | tr -s ' \\\n' '\n' | grep -v ':$' | sort -u | tr '\n' ' '
    echo
} >"$rule"

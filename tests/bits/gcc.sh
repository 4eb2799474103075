#!/bin/sh
# The list of bits as another compiler makes it: builds library and list with gcc on x86-64 Linux, in a
# folder of its own, and prints the list.
#
#     sh tests/bits/gcc.sh | cmp - tests/bits/bits.txt
#
# CC chooses another compiler that takes gcc's options.
set -eu
cd "$(dirname "$0")/../.."
cc=${CC:-gcc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags="-std=c11 -O2 -ffp-contract=off -D_GNU_SOURCE -DNDEBUG -DWG_NO_LOCATION -DWG_VERSION=\"gcc\"
    -DWG_HAVE_X86_LEVELS=1 -I. -Icore/include -Igraph/include -Iruntime/include"

# shellcheck disable=SC2086 # flags are a list of words
compile() { # NAME SOURCE FLAGS...
    name=$1 source=$2
    shift 2
    $cc $flags "$@" -c "$source" -o "$work/$name.o"
}

for source in $(find core ops graph runtime -name '*.c' ! -path 'ops/kernels/*'); do
    compile "$(printf '%s' "${source%.c}" | tr / _)" "$source"
done
for level in portable:x86-64 sse2:x86-64 avx2:x86-64-v3 avx512:x86-64-v4; do
    macro=WG_LEVEL_$(printf '%s' "${level%:*}" | tr '[:lower:]' '[:upper:]')
    for source in ops/kernels/*.c; do
        compile "$(basename "${source%.c}")_${level%:*}" "$source" -O3 "-march=${level#*:}" \
            "-DWG_LEVEL=${level%:*}" "-D$macro=1"
    done
done
for source in tests/bits/*.c; do
    compile "bits_$(basename "${source%.c}")" "$source" -UWG_NO_LOCATION
done
$cc "$work"/*.o -o "$work/bits" -luv -lz -lpthread -lm
"$work/bits"

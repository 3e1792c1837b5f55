#!/bin/sh
# Rebuilds the committed objects of test/objects, examples and bench/programs from their sources. Needs clang-19, llvm-strip-19,
# and the uapi headers (linux-libc-dev). Usage: scripts/build-objects.sh [OUTPUT_DIR]
# With OUTPUT_DIR the objects are written there instead, for comparison with the committed ones.
set -eu
cd "$(dirname "$0")/.."
clang=${CLANG:-clang-19}
strip=${LLVM_STRIP:-llvm-strip-19}
out=${1:-.}
include=/usr/include/$(uname -m)-linux-gnu

# build SOURCE OBJECT CLANG_OPTION...
build() {
  source=$1 object=$out/$2
  shift 2
  mkdir -p "$(dirname "$object")"
  "$clang" -target bpfel -O2 -Wall -Wno-unused-function -Wno-unused-variable -Wno-visibility -Wno-ignored-attributes -I"$include" \
    -fdebug-compilation-dir=. "$@" -c "$source" -o "$object"
  # Only .BTF and .BTF.ext are read; DWARF would be most of the file.
  "$strip" -g "$object"
}

for name in calls data; do
  for cpu in v1 v2 v3 v4; do
    build test/objects/$name.bpf.c test/objects/$name.$cpu.o -g -mcpu=$cpu
  done
  build test/objects/$name.bpf.c test/objects/$name.nobtf.o -mcpu=v3
done
for name in kconfig maps sections needs lock kfuncs core dynptr strings bits timers cpumask work linked-main linked-parts struct-ops arena control; do
  build test/objects/$name.bpf.c test/objects/$name.o -g -mcpu=v3
done
# Programs that the verifier refuses, for what it says of them.
for name in packets maps objects; do
  build test/objects/rejected-$name.bpf.c test/objects/rejected-$name.o -g -mcpu=v3
done
build test/objects/types.bpf.c test/objects/types.o -g -mcpu=v3
build test/objects/legacy.bpf.c test/objects/legacy.o -mcpu=v1
build test/objects/text.bpf.c test/objects/text.o -mcpu=v2
for source in examples/*.bpf.c; do
  build "$source" "${source%.c}.o" -g -mcpu=v3
done
# Without built-ins no loop turns into a call of memset, which eBPF does not have.
for source in bench/programs/*.bpf.c; do
  build "$source" "${source%.c}.o" -g -mcpu=v3 -fno-builtin
done

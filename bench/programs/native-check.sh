#!/bin/bash
# Compiles every benchmark program natively, runs it on its input, and compares r0 and the packet afterwards
# with expected.json; --write records them instead. Another compiler: CC=gcc bench/programs/native-check.sh
set -euo pipefail

cd "$(dirname "$0")"
cc=${CC:-clang-19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

while read -r name program kind; do
  "$cc" -O2 -w -fno-strict-aliasing -fno-builtin -I. -DSOURCE="\"$program.bpf.c\"" -DPROGRAM_NAME="$program" \
    ../native/native-run.c -o "$work/$name"
  node inputs.mjs "$name" >"$work/packet"
  read -r _ r0 hash < <(echo 1 | "$work/$name" "$work/packet")
  printf '{"name":"%s","program":"%s","kind":"%s","r0":"%s","memory":"%s"}\n' \
    "$name" "$program" "$kind" "$r0" "$hash"
done < <(node inputs.mjs) >"$work/results"

node -e 'const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
  console.log(JSON.stringify(lines.map((line) => JSON.parse(line)), null, 2));' \
  <"$work/results" >"$work/expected.json"
if [ "${1:-}" = --write ]; then cp "$work/expected.json" expected.json; fi
diff expected.json "$work/expected.json"
echo "$(wc -l <"$work/results") programs give the expected results when compiled by $cc"

/**
 * Compares the llvm dialect with llvm-objdump 19 over object files, instruction by instruction:
 *
 *   node --import ./scripts/typescript/register.mjs scripts/isa-objdump.ts FILE.o...      (LLVM_OBJDUMP names another llvm-objdump)
 *
 * Prints each difference and a count; leaves with status 1 when there was one. Needs no part of webpf but src/isa:
 * the instructions' bytes are taken from llvm-objdump's own lines.
 */
import { compareObject, type Difference, isBpfObject, objdumpPath } from './isa-objdump-compare.ts';

const report = ({ file, slot, theirs, ours }: Difference): void => {
  console.log(`${file}: insn ${slot}\n  llvm-objdump: ${theirs}\n  webpf:        ${ours}`);
};

const main = (files: readonly string[]): number => {
  const objdump = objdumpPath();
  if (objdump === undefined) {
    console.log('llvm-objdump-19 is not installed: nothing was compared');
    return 0;
  }
  let insns = 0;
  let differences = 0;
  const objects = files.filter(isBpfObject);
  for (const file of objects) {
    const result = compareObject(objdump, file);
    insns += result.insns;
    differences += result.differences.length;
    for (const difference of result.differences) report(difference);
  }
  const skipped = files.length - objects.length;
  console.log(
    `${objects.length} objects (${skipped} not little-endian eBPF), ${insns} instructions, ${differences} differences`,
  );
  return differences === 0 ? 0 : 1;
};

process.exitCode = main(process.argv.slice(2));

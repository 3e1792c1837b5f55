/** Stack slots as the kernel's log prints them (print_verifier_state of kernel/bpf/log.c). */
import * as abi from '../../abi/state.ts';
import { DYNPTR_NAMES } from '../walk/special.ts';
import type { Walk } from '../walk/walk.ts';
import { registerText } from './registers.ts';

/** What a byte of the stack is, by BYTE_*. */
const LETTERS = '?rm0dif';

/** What a slot holds; '' for nothing. */
export function slotText(walk: Walk, frame: number, slot: number): string {
  const { memory } = walk;
  const at = memory.slotBytes(frame, slot);
  const kinds = memory.bytes.subarray(at, at + 8);
  if (kinds.every((kind) => kind === abi.BYTE_INVALID)) return '';
  const r = memory.slot(frame, slot);
  // The highest address first, as the kernel does.
  const letters = [...kinds]
    .reverse()
    .map((kind) => LETTERS[kind] ?? '?')
    .join('');
  switch (kinds[0]) {
    case abi.BYTE_SPILL: {
      const whole = kinds.every((kind) => kind === abi.BYTE_SPILL);
      const partly = whole ? '' : letters.replace(/r+$/, '');
      return `${partly}${registerText(walk, frame, r)}`;
    }
    case abi.BYTE_DYNPTR: {
      if (memory.aux2(r) !== 1) return '';
      const ref = memory.ref(r) === 0 ? '' : `,ref_id=${memory.ref(r)}`;
      return `dynptr_${DYNPTR_NAMES[memory.aux(r)] ?? ''}(id=${memory.id(r)}${ref})`;
    }
    case abi.BYTE_ITER: {
      if (memory.ref(r) === 0) return '';
      const state = (memory.aux(r) & 0xff) === 1 ? 'active' : 'drained';
      const kind = walk.names.name(memory.aux(r) >> 8);
      return `${kind}(ref_id=${memory.ref(r)},state=${state},depth=${memory.aux2(r)})`;
    }
    default:
      return `${letters}`;
  }
}

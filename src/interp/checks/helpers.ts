/** What a call of a helper is given: the map of the proof, and memory whose stack slots must escape. */
import * as layout from '../../abi/layout.ts';
import { prototypeOf } from '../../verifier/helpers/index.ts';
import type { Argument, HelperSite } from '../../verifier/helpers/types.ts';
import type { MapCallFact } from '../../verifier/proof.ts';
import type { Frames } from './frames.ts';
import type { Paused } from './paused.ts';
import { Disproof, hex } from './violation.ts';

/** Larger sizes are for the sandbox to refuse. */
const LARGEST = layout.FRAME_SIZE;

export const argumentsOf = (helper: number, site: HelperSite): readonly Argument[] =>
  prototypeOf(helper, site)?.args ?? [];

/** Register of the first argument of a kind; 0 when there is none. */
const registerOf = (args: readonly Argument[], kind: Argument['kind']): number =>
  args.findIndex((argument) => argument.kind === kind) + 1;

function keyAt(paused: Paused, address: bigint, size: number): bigint {
  let key = 0n;
  for (let i = size - 1; i >= 0; i--) key = (key << 8n) | BigInt(paused.view.getUint8(Number(address) + i));
  return key;
}

function checkKey(paused: Paused, args: readonly Argument[], { keySize, key }: MapCallFact): void {
  const register = registerOf(args, 'mapKey');
  if (key === undefined || register === 0) return;
  const address = paused.register(register);
  if (address + BigInt(keySize) > BigInt(paused.view.byteLength)) return; // the sandbox stops it
  const found = keyAt(paused, address, keySize);
  if (found !== BigInt(key)) throw new Disproof('mapCall', `the key is ${found}, not ${key}`, found);
}

export function checkMapCall(
  paused: Paused,
  args: readonly Argument[],
  fact: MapCallFact,
  maps: readonly number[],
): void {
  const register = registerOf(args, 'map') || 1;
  const value = paused.register(register);
  if (value !== BigInt(maps[fact.map] ?? -1)) {
    throw new Disproof('mapCall', `r${register} is ${hex(value)}, not the address of map ${fact.map}`, value);
  }
  const { keySize, valueSize } = fact;
  const real = [layout.MAP_KEY_SIZE, layout.MAP_VALUE_SIZE].map((field) => paused.u32(Number(value) + field));
  if (real[0] !== keySize || real[1] !== valueSize) {
    const reason = `the map has keys of ${real[0]} and values of ${real[1]} bytes, not ${keySize} and ${valueSize}`;
    throw new Disproof('mapCall', reason, value);
  }
  checkKey(paused, args, fact);
}

/** Bytes of the argument in r(index + 1), where it is memory. */
function sizeOf(paused: Paused, args: readonly Argument[], index: number): number {
  const argument = args[index];
  const field = (name: number): number => {
    const register = registerOf(args, 'map');
    return register === 0 ? 0 : paused.u32(Number(BigInt.asUintN(32, paused.register(register))) + name);
  };
  switch (argument?.kind) {
    case 'mapKey':
      return field(layout.MAP_KEY_SIZE);
    case 'mapValue':
      return field(layout.MAP_VALUE_SIZE);
    case 'memory':
      return argument.size ?? Number(BigInt.asUintN(32, paused.register(index + 2)));
    default:
      return 0;
  }
}

/** Stack memory that the helper is given must be of slots that escape. */
export function checkHandedOver(paused: Paused, args: readonly Argument[], frames: Frames): void {
  for (const [index, { kind }] of args.entries()) {
    if (kind !== 'memory' && kind !== 'mapKey' && kind !== 'mapValue') continue;
    const size = sizeOf(paused, args, index);
    if (size <= LARGEST) frames.handOver(index + 1, paused.register(index + 1), size);
  }
}

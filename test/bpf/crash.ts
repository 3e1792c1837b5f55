/** Kills a process while it writes pins, and looks at what the next one finds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Bpf } from '../../src/index.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Starts a writer, kills it after its first state and a random while more: the last state it said was written. */
async function killed(pins: string, delay: number): Promise<bigint> {
  const child = spawn(
    process.execPath,
    ['--import', path('../../scripts/typescript/register.mjs'), path('pinner.ts'), pins],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child.stdout, 'data');
  await setTimeout(delay);
  child.kill('SIGKILL');
  await once(child, 'close');
  return BigInt(said.trim().split('\n').at(-1) ?? 0);
}

/** What is in both maps, which one state has given one number. */
async function found(pins: string): Promise<bigint[]> {
  const bpf = await Bpf.open({ pins, engine: 'interp' });
  try {
    const numbers = ['first', 'second'].flatMap((pathname) => {
      const mapFd = bpf.objGet({ pathname });
      const { values } = bpf.mapLookupBatch({ mapFd, count: 1000 });
      return values.map((value) => new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
    });
    if (numbers.length !== 128) throw new Error(`${numbers.length} elements of 128 are left`);
    return [...new Set(numbers)];
  } finally {
    bpf.close();
  }
}

/**
 * One crash.
 * @throws Error when the state is torn, older than the last one that was written, or newer than one more
 */
export async function crash(pins: string, delay: number): Promise<bigint> {
  const written = await killed(pins, delay);
  const numbers = await found(pins);
  const [number = 0n] = numbers;
  if (numbers.length !== 1 || number < written || number > written + 1n)
    throw new Error(`state ${written} was written, but ${numbers.join(', ')} is found`);
  return number;
}

/** What loading a program has taken is given back. */
import * as layout from '../abi/layout.ts';
import { badArgument } from './argument.ts';
import type { Engine } from './engine.ts';
import type { Placed } from './placed.ts';
import type { BpfProgram } from './program.ts';

/** The table holds its functions no longer, and with them goes its module. */
function emptyTable({ exports: { table }, loaded, freeIndexes }: Engine, descriptor: number): void {
  for (const index of loaded.get(descriptor)?.translated?.indexes ?? []) {
    table.set(index, null);
    freeIndexes.push(index);
  }
}

/**
 * Frees a program that nothing leads to any more: no prog_array, no callback under way. It refuses to run from now on.
 * @throws WebpfError 'bad-argument' while a program runs in the engine, or once its memory is shared
 */
export function unload(engine: Engine, placed: Placed, program: BpfProgram | undefined): void {
  const { descriptor } = placed;
  if (descriptor.released) return;
  engine.assertOwn('unload programs');
  if (engine.running) throw badArgument('while a program runs, none can be unloaded');
  program?.close();
  descriptor.released = true;
  const { address, functions } = descriptor;
  const { memory, run } = engine;
  // Another program may get this address, which the stack was not cleared for.
  memory.setU32(run + layout.RUN_STACK_OWNER, 0);
  emptyTable(engine, address);
  engine.forgetProgram(address);
  for (const field of [layout.PROG_CODE, layout.PROG_REGIONS, layout.PROG_MAPS])
    memory.free(memory.u32(address + field));
  memory.free(functions);
  memory.free(address);
}

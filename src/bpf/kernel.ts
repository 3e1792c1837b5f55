import type { Engine } from '../runtime/engine.ts';
import type { BtfObject } from './btf.ts';
import { Descriptors } from './descriptors.ts';
import type { Hooks } from './links/hooks.ts';
import type { LinkObject } from './links/link.ts';
import type { MapObject } from './maps/map.ts';
import { IdTable } from './objects.ts';
import type { ProgObject } from './programs/prog.ts';

/** One engine, and the tables of everything in it that commands know. */
export class Kernel {
  readonly engine: Engine;
  readonly fds = new Descriptors();
  readonly maps = new IdTable<MapObject>();
  readonly progs = new IdTable<ProgObject>();
  readonly btfs = new IdTable<BtfObject>();
  readonly links = new IdTable<LinkObject>();
  /** Programs by the address of their descriptor, those that are in linear memory. */
  readonly running = new Map<number, ProgObject>();
  readonly hooks: Hooks = new Map();
  /** Descriptors of ENABLE_STATS that are open: runs are counted while there is one. */
  statistics = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Runs of a program, while anybody wants to know. */
  count(prog: ProgObject, runs: number, milliseconds: number): void {
    if (this.statistics === 0) return;
    prog.runs += BigInt(runs);
    prog.runTime += BigInt(Math.round(milliseconds * 1e6));
  }
}

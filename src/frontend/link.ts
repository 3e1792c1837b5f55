import { WebpfError } from '../errors.ts';
import { LDDW, PSEUDO_MAP_INDEX, PSEUDO_MAP_INDEX_VALUE } from '../isa/lddw.ts';
import type { BtfExt, SectionInfo } from './btf/types.ts';
import { applyCore } from './core/patch.ts';
import { CoreRelocations } from './core/relocations.ts';
import type { TargetTypes } from './core/target.ts';
import type { ElfRelocation } from './elf/types.ts';
import { badRelocation, type Site, unsupported } from './externs.ts';
import type { FunctionDef } from './functions.ts';
import type { LineInfo, MapSpec, Subprogram } from './program.ts';
import { sortByOffset, within } from './range.ts';
import { callTarget, type Definitions, loadTarget, localTarget, type Target } from './relocate.ts';

const SLOT = 8;
const CALL = 0x85;
const PSEUDO_CALL = 1;
const PSEUDO_KFUNC_CALL = 2;
const PSEUDO_FUNC = 4;

/** The kernel's limit on instructions of a program (BPF_COMPLEXITY_LIMIT_INSNS). */
const MAX_SLOTS = 1_000_000;

/** Side tables of one section, each sorted by offset. */
interface SectionTables {
  readonly relocations: readonly ElfRelocation[];
  readonly info: SectionInfo;
}

/**
 * Instructions, lines and relocations of all programs of one object together. Programs share subprograms, so that a
 * small hostile file could otherwise link into gigabytes; the largest real objects need a tenth of this.
 */
const MAX_WORK = 8_000_000;

/** What a CO-RE relocation counts for: it may leave a message. */
const CORE_WORK = 16;

const NO_INFO: SectionInfo = { functions: [], lines: [], core: [] };

/** Definitions and side tables of an object, shared by the links of its programs. */
export class LinkContext {
  readonly defs: Definitions;
  readonly core: CoreRelocations | undefined;
  private readonly ext: BtfExt;
  private readonly tables = new Map<number, SectionTables>();
  private work = 0;

  constructor(defs: Definitions, ext: BtfExt, target: TargetTypes) {
    this.defs = defs;
    this.ext = ext;
    this.core = defs.btf && new CoreRelocations(defs.btf, ext, target);
  }

  /** Throws once the object's programs together are beyond anything real. */
  spend(amount: number, site: Site): void {
    this.work += amount;
    if (this.work <= MAX_WORK) return;
    throw unsupported(
      `the programs of this object link to more than ${MAX_WORK} instructions and lines`,
      site,
    );
  }

  tablesOf({ section }: FunctionDef): SectionTables {
    const known = this.tables.get(section.index);
    if (known !== undefined) return known;
    const info = this.ext.get(section.name) ?? NO_INFO;
    const made = {
      relocations: sortByOffset(this.defs.elf.relocations.get(section.index) ?? []),
      info: {
        functions: sortByOffset(info.functions),
        lines: sortByOffset(info.lines),
        core: sortByOffset(info.core),
      },
    };
    this.tables.set(section.index, made);
    return made;
  }
}

/** A program after linking. */
export interface Linked {
  readonly code: Uint8Array;
  readonly subprograms: readonly Subprogram[];
  readonly maps: readonly MapSpec[];
  readonly kfuncs: readonly string[];
  readonly kfuncAddresses: ReadonlyMap<number, string> | undefined;
  readonly poisoned: ReadonlyMap<number, string>;
  readonly lines: readonly LineInfo[];
}

/** A function whose instructions are being walked. */
interface Walk {
  readonly from: FunctionDef;
  /** Slot of its first instruction in the program. */
  readonly start: number;
  readonly slots: number;
  readonly relocations: ReadonlyMap<number, ElfRelocation>;
  /** Next slot to look at, from `start`. */
  next: number;
}

/**
 * Links one program: the entry function first, then every function it reaches, appended when the walk first meets
 * a reference to it and walked at once (libbpf's order, on which the instruction numbers in kernel logs depend).
 */
class Linker {
  private readonly context: LinkContext;
  private readonly program: string;
  private readonly starts = new Map<FunctionDef, number>();
  private readonly mapIndexes = new Map<MapSpec, number>();
  private readonly kfuncIndexes = new Map<string, number>();
  private readonly addressIndexes = new Map<string, number>();
  private readonly kfuncAddresses = new Map<number, string>();
  private readonly poisoned = new Map<number, string>();
  private readonly subprograms: Subprogram[] = [];
  private readonly lines: LineInfo[] = [];
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  private slots = 0;

  constructor(context: LinkContext, program: string) {
    this.context = context;
    this.program = program;
  }

  link(main: FunctionDef): Linked {
    const stack = [this.append(main)];
    for (let walk = stack.at(-1); walk !== undefined; walk = stack.at(-1)) {
      const found = this.advance(walk);
      if (found === undefined) stack.pop();
      else stack.push(this.append(found));
    }
    return {
      code: this.bytes.slice(0, this.slots * SLOT),
      subprograms: this.subprograms,
      maps: [...this.mapIndexes.keys()],
      kfuncs: [...this.kfuncIndexes.keys()],
      kfuncAddresses: this.kfuncAddresses.size === 0 ? undefined : this.kfuncAddresses,
      poisoned: this.poisoned,
      lines: this.lines.sort((a, b) => a.insn - b.insn),
    };
  }

  /** Source line of an instruction linked so far. */
  sourceOf(insn: number): LineInfo | undefined {
    const owner = this.subprograms.find(({ start, length }) => insn >= start && insn < start + length);
    return this.lines.filter((line) => line.insn <= insn && line.insn >= (owner?.start ?? 0)).at(-1);
  }

  private site(insn: number): Site {
    return { program: this.program, insn };
  }

  /** Copies a function to the end of the program. */
  private append(from: FunctionDef): Walk {
    const start = this.slots;
    const slots = from.size / SLOT;
    if (start + slots > MAX_SLOTS) {
      throw badRelocation(`more than ${MAX_SLOTS} instructions with all subprograms`, this.site(start));
    }
    this.context.spend(slots, this.site(start));
    this.reserve((start + slots) * SLOT);
    this.bytes.set(from.section.data.subarray(from.offset, from.offset + from.size), start * SLOT);
    this.slots += slots;
    this.starts.set(from, start);
    this.describe(from, start, slots);
    this.relocateTypes(from, start);
    return { from, start, slots, relocations: this.relocationsOf(from, start), next: 0 };
  }

  private reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(size, this.bytes.length * 2));
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }

  /** Carries func_info and line_info over. */
  private describe(from: FunctionDef, start: number, length: number): void {
    const { info } = this.context.tablesOf(from);
    const [func] = within(info.functions, from.offset, 1);
    this.subprograms.push({
      name: from.name,
      start,
      length,
      linkage: start === 0 ? 'main' : from.linkage,
      btfTypeId: func?.type,
    });
    const lines = within(info.lines, from.offset, from.size);
    this.context.spend(lines.length, this.site(start));
    for (const { offset, file, line, column, text } of lines) {
      this.lines.push({ insn: slotOf(from, start, offset), file, line, column, text });
    }
  }

  /** Applies the CO-RE relocations: they come first, the code that they leave is what is linked. */
  private relocateTypes(from: FunctionDef, start: number): void {
    const { btf } = this.context.defs;
    const core = within(this.context.tablesOf(from).info.core, from.offset, from.size);
    const { core: answers } = this.context;
    if (btf === undefined || answers === undefined || core.length === 0) return;
    this.context.spend(core.length * CORE_WORK, this.site(start));
    for (const relocation of core) {
      const site = this.site(slotOf(from, start, relocation.offset));
      const answer = () => answers.answer(relocation, site);
      const patch = { btf, relocation, target: answers.target, answer };
      const poisoned = applyCore(this.view, start + from.size / SLOT, patch, site);
      for (const [slot, message] of poisoned) this.poisoned.set(slot, message);
    }
  }

  private relocationsOf(from: FunctionDef, start: number): Map<number, ElfRelocation> {
    const { relocations } = this.context.tablesOf(from);
    const bySlot = new Map<number, ElfRelocation>();
    const own = within(relocations, from.offset, from.size);
    this.context.spend(own.length, this.site(start));
    for (const relocation of own) {
      const slot = slotOf(from, start, relocation.offset);
      this.checkPlace(relocation, slot);
      bySlot.set(slot, relocation);
    }
    return bySlot;
  }

  private checkPlace({ offset, symbol }: ElfRelocation, slot: number): void {
    const opcode = this.view.getUint8(slot * SLOT);
    if (offset % SLOT === 0 && (opcode === LDDW || opcode === CALL)) return;
    const what = offset % SLOT === 0 ? `opcode 0x${opcode.toString(16)}` : `offset ${offset}`;
    throw badRelocation(
      `relocation against '${symbol.name}' at insn ${slot} (${what}); only wide loads and calls take one`,
      this.site(slot),
    );
  }

  /** Walks on until a function is met that is not in the program yet; undefined at the end of the function. */
  private advance(walk: Walk): FunctionDef | undefined {
    while (walk.next < walk.slots) {
      const slot = walk.start + walk.next;
      const target = this.targetAt(walk, slot);
      const missing = target === undefined ? undefined : this.apply(slot, target);
      if (missing !== undefined) return missing;
      walk.next += this.view.getUint8(slot * SLOT) === LDDW ? 2 : 1;
    }
    return undefined;
  }

  private targetAt(walk: Walk, slot: number): Target | undefined {
    const opcode = this.view.getUint8(slot * SLOT);
    if (opcode === CALL) return this.callAt(walk, slot);
    return opcode === LDDW ? this.loadAt(walk, slot) : undefined;
  }

  private callAt({ from, start, relocations }: Walk, slot: number): Target | undefined {
    const { defs } = this.context;
    const imm = this.view.getInt32(slot * SLOT + 4, true);
    const relocation = relocations.get(slot);
    if (relocation !== undefined) return callTarget(defs, relocation, imm, this.site(slot));
    if (this.view.getUint8(slot * SLOT + 1) >> 4 !== PSEUDO_CALL) return undefined;
    return localTarget(defs, from, from.offset / SLOT + slot - start, imm, this.site(slot));
  }

  private loadAt({ start, slots, relocations }: Walk, slot: number): Target | undefined {
    const relocation = relocations.get(slot);
    if (relocation === undefined) return undefined;
    if (slot + 1 >= start + slots) {
      throw badRelocation(`the wide load at insn ${slot} lacks its second half`, this.site(slot));
    }
    const imm = this.view.getInt32(slot * SLOT + 4, true);
    return loadTarget(this.context.defs, relocation, imm, this.site(slot));
  }

  /** Writes the reference into the instruction; returns the function when it must be appended first. */
  private apply(slot: number, target: Target): FunctionDef | undefined {
    if (target.kind === 'function') return this.applyFunction(slot, target.function);
    if (target.kind === 'kfunc') return this.applyKfunc(slot, target.name);
    if (target.kind === 'number') return this.applyNumber(slot, target.value);
    if (target.kind === 'kfuncAddress') return this.applyKfuncAddress(slot, target.name);
    const index = indexIn(this.mapIndexes, target.map);
    this.setSource(slot, target.kind === 'map' ? PSEUDO_MAP_INDEX : PSEUDO_MAP_INDEX_VALUE);
    this.view.setInt32(slot * SLOT + 4, index, true);
    this.view.setInt32(slot * SLOT + 12, target.kind === 'value' ? target.offset : 0, true);
    return undefined;
  }

  private applyFunction(slot: number, target: FunctionDef): FunctionDef | undefined {
    const start = this.starts.get(target);
    if (start === undefined) return target;
    const call = this.view.getUint8(slot * SLOT) === CALL;
    this.setSource(slot, call ? PSEUDO_CALL : PSEUDO_FUNC);
    this.view.setInt32(slot * SLOT + 4, start - slot - 1, true);
    return undefined;
  }

  private applyKfunc(slot: number, name: string): undefined {
    this.setSource(slot, PSEUDO_KFUNC_CALL);
    this.view.setInt16(slot * SLOT + 2, 0, true);
    this.view.setInt32(slot * SLOT + 4, indexIn(this.kfuncIndexes, name), true);
  }

  /** Programs compare it with 0 to know whether they may call; it is no memory, but tells functions apart. */
  private applyKfuncAddress(slot: number, name: string): undefined {
    const exists = this.context.defs.kfuncExists(name);
    this.kfuncAddresses.set(slot, name);
    this.setSource(slot, 0);
    this.view.setInt32(slot * SLOT + 4, exists ? 1 + indexIn(this.addressIndexes, name) : 0, true);
    this.view.setInt32(slot * SLOT + 12, 0, true);
  }

  private applyNumber(slot: number, value: bigint): undefined {
    this.setSource(slot, 0);
    this.view.setInt32(slot * SLOT + 4, Number(BigInt.asIntN(32, value)), true);
    this.view.setInt32(slot * SLOT + 12, Number(BigInt.asIntN(32, value >> 32n)), true);
  }

  private setSource(slot: number, src: number): void {
    const at = slot * SLOT + 1;
    this.view.setUint8(at, (this.view.getUint8(at) & 0x0f) | (src << 4));
  }
}

/** Slot in the program of a place in the section of a function that begins at `start`. */
const slotOf = (from: FunctionDef, start: number, offset: number): number =>
  start + Math.floor((offset - from.offset) / SLOT);

/** Number of a thing the program refers to: they are counted as they are met. */
function indexIn<T>(indexes: Map<T, number>, thing: T): number {
  const known = indexes.get(thing);
  if (known !== undefined) return known;
  indexes.set(thing, indexes.size);
  return indexes.size - 1;
}

/**
 * Links the program that begins with `main`.
 *
 * @throws WebpfError `unsupported` when it needs kconfig or variables of the kernel; `bad-relocation` or `bad-map` when a
 * reference cannot be resolved
 */
export function linkProgram(context: LinkContext, main: FunctionDef): Linked {
  const linker = new Linker(context, main.name);
  try {
    return linker.link(main);
  } catch (error) {
    throw error instanceof WebpfError ? withSource(error, linker) : error;
  }
}

function withSource(error: WebpfError, linker: Linker): WebpfError {
  const { insn, subject, cause, code, message } = error;
  const source = insn === undefined ? undefined : linker.sourceOf(insn);
  return source === undefined
    ? error
    : new WebpfError(code, message, { stage: 'frontend', insn, subject, cause, source });
}

import { WebpfError } from '../../errors.ts';
import type { Btf } from '../btf/types.ts';
import type { ElfFile } from '../elf/types.ts';
import type { MapSpec } from '../program.ts';
import { arenaVariables, isArena, withoutArena, withVariables } from './arena.ts';
import { btfMaps } from './btf.ts';
import { dataMaps } from './data.ts';
import type { MapEntry } from './entry.ts';
import { legacyMaps } from './legacy.ts';

/** All maps of an object, found by the place that relocations point to. */
export class MapTable {
  private readonly defined: ReadonlyMap<string, MapEntry>;
  private readonly data: ReadonlyMap<number, MapEntry>;
  private readonly tables: readonly MapEntry[];
  private readonly definedSections: ReadonlySet<number>;

  /** @param tables of callbacks, which programs do not refer to */
  constructor(elf: ElfFile, btf: Btf | undefined, tables: readonly MapEntry[] = []) {
    this.tables = tables;
    const arenas = arenaVariables(elf);
    const defined = [...btfMaps(elf, btf), ...legacyMaps(elf)].map((entry) => withVariables(entry, arenas));
    this.defined = new Map(defined.map((entry) => [`${entry.section}:${entry.offset}`, entry]));
    this.definedSections = new Set(defined.map(({ section }) => section));
    const arena = arenas && (defined.find(isArena) ?? withoutArena(arenas));
    const data = dataMaps(elf, btf).map((entry): [number, MapEntry] => [entry.section, entry]);
    this.data = new Map(arenas && arena ? [...data, [arenas.index, arena]] : data);
  }

  /** Every map whose definition can be used, defined ones first. */
  specs(): MapSpec[] {
    const all = [...this.defined.values(), ...this.data.values(), ...this.tables];
    return [...new Set(all)].flatMap(({ spec }) => (spec instanceof WebpfError ? [] : [spec]));
  }

  holdsDefinitions(section: number): boolean {
    return this.definedSections.has(section);
  }

  definedAt(section: number, offset: number): MapEntry | undefined {
    return this.defined.get(`${section}:${offset}`);
  }

  dataOf(section: number): MapEntry | undefined {
    return this.data.get(section);
  }
}

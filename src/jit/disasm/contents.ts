/** What the sections of a module say beside the code: types, imports, names. */
import { Reader, readSections, type Section } from '../wasm.ts';

/** Parameters of a function and whether it has a result. */
export interface FunctionType {
  readonly params: number;
  readonly results: number;
}

export interface ModuleContents {
  readonly types: readonly FunctionType[];
  /** By function index: index of its type. Imported functions come first. */
  readonly functions: readonly number[];
  /** Functions that are imported. */
  readonly imported: number;
  /** By index. Those without a name in the module are called by their index. */
  functionName(index: number): string;
  globalName(index: number): string;
  /** Where the code section is. */
  readonly code: Section | undefined;
}

const TYPE = 1;
const IMPORT = 2;
const FUNCTION = 3;
const CODE = 10;

const IMPORTED_FUNCTION = 0;
const IMPORTED_TABLE = 1;
const IMPORTED_MEMORY = 2;

const FUNCTION_NAMES = 1;
const GLOBAL_NAMES = 7;

const decoder = new TextDecoder();

class Contents implements ModuleContents {
  readonly types: FunctionType[] = [];
  readonly functions: number[] = [];
  readonly code: Section | undefined;
  imported = 0;
  readonly #bytes: Uint8Array;
  readonly #functionNames = new Map<number, string>();
  readonly #globalNames = new Map<number, string>();
  #globals = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const sections = readSections(bytes);
    const read = (id: number, name: string, item: (reader: Reader) => void): void => {
      for (const section of sections) {
        if (section.id === id && section.name === name) item(new Reader(bytes, section.start, section.end));
      }
    };
    read(TYPE, '', (reader) => this.#each(reader, () => this.#type(reader)));
    read(IMPORT, '', (reader) => this.#each(reader, () => this.#import(reader)));
    read(FUNCTION, '', (reader) => this.#each(reader, () => this.functions.push(reader.u32())));
    read(0, 'name', (reader) => this.#names(reader));
    this.code = sections.find(({ id }) => id === CODE);
  }

  functionName(index: number): string {
    return this.#functionNames.get(index) ?? `${index}`;
  }

  globalName(index: number): string {
    return this.#globalNames.get(index) ?? `${index}`;
  }

  #each(reader: Reader, item: () => void): void {
    for (let left = reader.u32(); left > 0; left--) item();
  }

  #text(reader: Reader): string {
    const size = reader.u32();
    const start = reader.skip(size);
    return decoder.decode(this.#bytes.subarray(start, start + size));
  }

  #type(reader: Reader): void {
    reader.skip(1); // a function: the only kind in modules of ours
    const params = reader.u32();
    reader.skip(params);
    const results = reader.u32();
    reader.skip(results);
    this.types.push({ params, results });
  }

  #import(reader: Reader): void {
    const module = this.#text(reader);
    const base = this.#text(reader);
    const kind = reader.byte();
    if (kind === IMPORTED_FUNCTION) {
      this.#functionNames.set(this.imported, `${module}.${base}`);
      this.functions.push(reader.u32());
      this.imported++;
    } else if (kind === IMPORTED_TABLE || kind === IMPORTED_MEMORY) {
      if (kind === IMPORTED_TABLE) reader.skip(1);
      const hasMaximum = reader.byte() & 1;
      reader.u32();
      if (hasMaximum === 1) reader.u32();
    } else {
      reader.skip(2);
      this.#globalNames.set(this.#globals++, base);
    }
  }

  #names(reader: Reader): void {
    while (reader.at < reader.end) {
      const id = reader.byte();
      const size = reader.u32();
      const start = reader.skip(size);
      const names = id === FUNCTION_NAMES ? this.#functionNames : this.#globalNames;
      if (id !== FUNCTION_NAMES && id !== GLOBAL_NAMES) continue;
      const inner = new Reader(this.#bytes, start, start + size);
      this.#each(inner, () => names.set(inner.u32(), this.#text(inner)));
    }
  }
}

/** @throws WebpfError 'bad-argument' when the bytes are no module */
export const readContents = (bytes: Uint8Array): ModuleContents => new Contents(bytes);

/** The code of a module, an instruction at a time. */
import { WebpfError } from '../../errors.ts';
import { type Artifact, positionBytes } from '../artifact.ts';
import { decodePositions, type Positions, slotAt } from '../positions.ts';
import { Reader } from '../wasm.ts';
import { type ModuleContents, readContents } from './contents.ts';
import { type Immediate, isPrefix, type Opcode, opcodeAt } from './opcodes.ts';

/** An instruction of WebAssembly. */
export interface WasmInsn {
  /** Bytes from the start of the module. */
  readonly offset: number;
  readonly text: string;
  /** Slot of the eBPF instruction that it was made of, where the artifact says so. */
  readonly insn: number | undefined;
  /** Blocks around it. */
  readonly depth: number;
  /** It leaves nothing on the operand stack: what follows begins a new statement. */
  readonly endsStatement: boolean;
}

/** A function of a translated program: one of the program's, by its name, or one of webpf's own. */
export interface WasmFunction {
  readonly name: string;
  readonly insns: readonly WasmInsn[];
}

const EMPTY_BLOCK = -64;
const I64_RESULT = -2;
const I32_RESULT = -1;
const RESULTS: Readonly<Record<number, string>> = {
  [EMPTY_BLOCK]: '',
  [I64_RESULT]: ' (result i64)',
  [I32_RESULT]: ' (result i32)',
};

const STATEMENTS =
  /^(local\.set|global\.set|.*store.*|br|br_if|br_table|return|return_call.*|drop|unreachable|block|loop|if|else|end|nop|memory\.(copy|fill)|atomic\.fence)$/;
const LANES = 16;

class FunctionReader {
  readonly #reader: Reader;
  readonly #contents: ModuleContents;
  readonly #positions: Positions;
  /** Labels of the open blocks, outermost first; the function itself is the first. */
  readonly #labels: string[] = ['$out'];
  #made = 0;
  #isVoid = false;

  constructor(reader: Reader, contents: ModuleContents, positions: Positions) {
    this.#positions = positions;
    this.#reader = reader;
    this.#contents = contents;
  }

  read(): WasmInsn[] {
    const insns: WasmInsn[] = [];
    this.#skipLocals();
    while (this.#reader.at < this.#reader.end) insns.push(this.#insn());
    return insns;
  }

  #skipLocals(): void {
    for (let left = this.#reader.u32(); left > 0; left--) {
      this.#reader.u32();
      this.#reader.skip(1);
    }
  }

  #insn(): WasmInsn {
    const offset = this.#reader.at;
    const { name, immediate } = this.#opcode();
    if (name === 'end' || name === 'else') this.#labels.pop();
    const depth = Math.max(0, this.#labels.length - 1);
    this.#isVoid = STATEMENTS.test(name);
    const rest = name === 'else' ? this.#open('') : this.#immediates[immediate](name);
    const insn = slotAt(this.#positions, offset);
    return { offset, text: `${name}${rest}`, insn, depth, endsStatement: this.#isVoid };
  }

  #opcode(): Opcode {
    const byte = this.#reader.byte();
    const number = isPrefix(byte) ? this.#reader.u32() : 0;
    const found = opcodeAt(byte, number);
    if (found) return found;
    const shown = isPrefix(byte) ? `0x${byte.toString(16)} ${number}` : `0x${byte.toString(16)}`;
    throw new WebpfError('unsupported', `the disassembler does not know the WebAssembly opcode ${shown}`, {
      stage: 'jit',
    });
  }

  readonly #immediates: Readonly<Record<Immediate, (name: string) => string>> = {
    none: () => '',
    block: () => this.#open(RESULTS[Number(this.#reader.signed())] ?? ' (result …)'),
    label: () => ` ${this.#label()}`,
    labels: () => this.#all(this.#reader.u32() + 1, () => this.#label()),
    function: (name) => this.#call(name),
    indirect: (name) => this.#indirect(name),
    local: () => ` $${this.#reader.u32()}`,
    global: () => ` $${this.#contents.globalName(this.#reader.u32())}`,
    access: () => this.#access(),
    laneAccess: () => `${this.#access()} ${this.#reader.byte()}`,
    lane: () => ` ${this.#reader.byte()}`,
    lanes: () => this.#all(LANES, () => `${this.#reader.byte()}`),
    i32: () => ` ${this.#reader.signed()}`,
    i64: () => ` ${this.#reader.signed()}`,
    v128: () => this.#all(LANES, () => this.#reader.byte().toString(16).padStart(2, '0')),
    byte: () => this.#ignore(1),
    bytes: () => this.#ignore(2),
  };

  /** Indices of memories, of which there is one. */
  #ignore(bytes: number): string {
    this.#reader.skip(bytes);
    return '';
  }

  #all(count: number, one: () => string): string {
    return Array.from({ length: count }, () => ` ${one()}`).join('');
  }

  #open(result: string): string {
    const label = `$${++this.#made}`;
    this.#labels.push(label);
    return ` ${label}${result}`;
  }

  #label(): string {
    const distance = this.#reader.u32();
    return this.#labels[this.#labels.length - 1 - distance] ?? `${distance}`;
  }

  #call(name: string): string {
    const index = this.#reader.u32();
    this.#returns(name, this.#contents.functions[index]);
    return ` $${this.#contents.functionName(index)}`;
  }

  #indirect(name: string): string {
    const type = this.#reader.u32();
    this.#reader.u32(); // the table: there is one
    this.#returns(name, type);
    return ` (type ${type})`;
  }

  #returns(name: string, type = 0): void {
    this.#isVoid = name.startsWith('return') || this.#contents.types[type]?.results === 0;
  }

  /** Alignment is a hint; offsets are in the text where there are any. */
  #access(): string {
    this.#reader.u32();
    const offset = this.#reader.u32();
    return offset === 0 ? '' : ` offset=${offset}`;
  }
}

/**
 * The functions of a translated program with their instructions. Which eBPF instructions these belong to, artifacts made
 * with `positions: 'all'` say of all that have one, others of accesses and calls.
 *
 * @throws WebpfError 'bad-argument' when it is no module; 'unsupported' for instructions that no translation makes
 */
export function disassembleArtifact(artifact: Pick<Artifact, 'wasm'>): WasmFunction[] {
  const { wasm } = artifact;
  const contents = readContents(wasm);
  if (!contents.code) return [];
  const positions = decodePositions(positionBytes(artifact));
  const reader = new Reader(wasm, contents.code.start, contents.code.end);
  return Array.from({ length: reader.u32() }, (_, i) => {
    const size = reader.u32();
    const start = reader.skip(size);
    const body = new FunctionReader(new Reader(wasm, start, start + size), contents, positions);
    return { name: contents.functionName(contents.imported + i), insns: body.read() };
  });
}

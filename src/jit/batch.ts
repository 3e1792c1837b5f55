/**
 * `batch(record, count)`: runs the program over batch records. The loop is here, since a call from JavaScript costs more
 * than a small program. What an event needs is written inline, as little as the program's effects allow; the runtime's
 * begin and finish, which do all of it, are left to runs where little is known.
 */
import * as layout from '../abi/layout.ts';
import * as packets from '../abi/packets.ts';
import { RUN_SOCKET_CHOSEN } from '../abi/sockets.ts';
import type { ContextKind } from '../verifier/contexts/kind.ts';
import type { Expr, ValueType } from './builder.ts';
import type { Effects } from './effects.ts';
import * as names from './names.ts';
import type { Unit } from './scope.ts';

const RECORD = 0;
const COUNT = 1;
const INDEX = 2;
/** i64: r1. */
const R1 = 3;
/** The packet: its first byte, and its length. */
const DATA = 4;
const LENGTH = 5;
/** What `prepare` returned. */
const READY = 6;
const ETH_TYPE = 7;
const LOCALS: readonly ValueType[] = ['i32', 'i64', 'i32', 'i32', 'i32', 'i32'];

const CODES: Readonly<Record<ContextKind, number>> = {
  memory: layout.CTX_MEMORY,
  xdp: layout.CTX_XDP,
  skb: layout.CTX_SKB,
};
const ETH_HLEN = 14;
const ETH_TYPE_OFFSET = 12;
/** First byte of the smallest EtherType (0x600); below it the field is a length. */
const ETH_TYPE_FIRST = 6;

class BatchWriter {
  readonly #unit: Unit;
  readonly #main: string;

  constructor(unit: Unit, main: string) {
    this.#unit = unit;
    this.#main = main;
  }

  #i32(local: number): Expr {
    return this.#unit.b.get(local, 'i32');
  }

  #const(value: number): Expr {
    return this.#unit.b.const32(value);
  }

  #wide(value: Expr): Expr {
    return this.#unit.b.unary('i64.extend_u', value);
  }

  #run(): Expr {
    return this.#unit.global(names.RUN);
  }

  #context(): Expr {
    return this.#unit.b.binary('i32.add', this.#run(), this.#const(layout.RUN_CTX_AREA));
  }

  #ofRun(offset: number): Expr {
    return this.#unit.b.load('i32.load', this.#run(), offset);
  }

  #setRun(offset: number, value: Expr): Expr {
    return this.#unit.b.store('i32.store', this.#run(), offset, value);
  }

  #setContext(offset: number, value: Expr): Expr {
    return this.#setRun(layout.RUN_CTX_AREA + offset, value);
  }

  #ofRecord(offset: number): Expr {
    return this.#unit.b.load('i32.load', this.#i32(RECORD), offset);
  }

  #end(): Expr {
    return this.#unit.b.binary('i32.add', this.#i32(DATA), this.#i32(LENGTH));
  }

  /** Calls the main program; r2 is the length of raw memory. */
  #callMain(r2: Expr): Expr {
    const { b } = this.#unit;
    const zero = (): Expr => b.const64(0n);
    const stack = b.load('i64.load32_u', this.#run(), layout.RUN_STACK_TOP);
    return b.call(this.#main, [b.get(R1, 'i64'), r2, zero(), zero(), zero(), stack], 'i64');
  }

  #setIndex(): Expr {
    return this.#setRun(layout.RUN_BATCH_INDEX, this.#i32(INDEX));
  }

  #begin(): Expr {
    const { b } = this.#unit;
    const begun = b.call(
      this.#unit.runtime('begin'),
      [this.#unit.global(names.PROG), this.#i32(RECORD)],
      'i64',
    );
    return b.set(R1, begun);
  }

  /** A loop over the records left. */
  loop(label: string, event: readonly Expr[]): Expr {
    const { b } = this.#unit;
    const step = (local: number, by: number): Expr =>
      b.set(local, b.binary('i32.add', this.#i32(local), this.#const(by)));
    const more = b.binary('i32.lt_u', this.#i32(INDEX), this.#i32(COUNT));
    const next = [step(RECORD, layout.REC_SIZE), step(INDEX, 1), b.br(label)];
    return b.loop(label, [b.when(more, [this.#setIndex(), ...event, ...next])]);
  }

  /** One run: begin, the main program, finish. The call of begin comes first, as it sets what the rest reads. */
  general(): Expr[] {
    const { b } = this.#unit;
    const isMemory = b.binary('i32.eq', this.kind(), this.#const(layout.CTX_MEMORY));
    const length = b.load('i64.load32_u', this.#i32(RECORD), layout.REC_LEN);
    const result = this.#callMain(b.select(isMemory, length, b.const64(0n)));
    return [this.#begin(), b.call(this.#unit.runtime('finish'), [this.#i32(RECORD), result], undefined)];
  }

  /** CTX_* of the program: the host may have chosen another than the type's. */
  kind(): Expr {
    const { b } = this.#unit;
    return b.load('i32.load', this.#unit.global(names.PROG), layout.PROG_CTX_KIND);
  }

  /** The whole batch, inline; what is the same for all of its events is done once. */
  inline(kind: ContextKind, effects: Effects): Expr[] {
    const { b } = this.#unit;
    const ready = b.call(this.#unit.runtime('prepare'), [this.#unit.global(names.PROG)], 'i32');
    const clear = effects.sees ? [this.#setRun(layout.RUN_RECORD, this.#const(0))] : [];
    return [b.set(READY, ready), this.loop('inline', this.#event(kind, effects)), ...clear, b.return()];
  }

  #event(kind: ContextKind, effects: Effects): Expr[] {
    const { b } = this.#unit;
    const length = kind === 'memory' ? this.#wide(this.#i32(LENGTH)) : b.const64(0n);
    const result = b.store('i64.store', this.#i32(RECORD), layout.REC_RESULT, this.#callMain(length));
    return [
      b.set(DATA, this.#ofRecord(layout.REC_DATA)),
      b.set(LENGTH, this.#ofRecord(layout.REC_LEN)),
      ...this.#reset(effects),
      ...(effects.sees ? this.#packet() : []),
      ...this.#contexts[kind](effects),
      result,
      ...(effects.changes || effects.tailCalls ? this.#writeBack() : [this.#stay()]),
    ];
  }

  /** What the run before may have left in the run state. */
  #reset({ calls, changes, tailCalls }: Effects): Expr[] {
    const fields = [
      ...(calls ? [layout.RUN_PC, packets.RUN_REST_READY] : []),
      ...(changes || tailCalls
        ? [layout.RUN_REDIRECT_INDEX, layout.RUN_REDIRECT_MAP, RUN_SOCKET_CHOSEN]
        : []),
      ...(tailCalls ? [layout.RUN_TAIL_CALLS, layout.RUN_INTERPRETED] : []),
    ];
    const cleared = fields.map((field) => this.#setRun(field, this.#const(0)));
    const { b } = this.#unit;
    const flags = b.store('i64.store', this.#run(), layout.RUN_REDIRECT_FLAGS, b.const64(0n));
    const program = this.#setRun(layout.RUN_PROG, this.#unit.global(names.PROG));
    return [...cleared, ...(changes || tailCalls ? [flags] : []), ...(tailCalls ? [program] : [])];
  }

  /** The packet as helpers see it, and the record for traps, which note there where it ended up. */
  #packet(): Expr[] {
    return [
      this.#setRun(layout.RUN_RECORD, this.#i32(RECORD)),
      this.#setRun(layout.RUN_PKT_HARD_START, this.#ofRecord(layout.REC_HARD_START)),
      this.#setRun(layout.RUN_PKT_META, this.#i32(DATA)),
      this.#setRun(layout.RUN_PKT_DATA, this.#i32(DATA)),
      this.#setRun(layout.RUN_PKT_END, this.#end()),
      this.#setRun(layout.RUN_PKT_HARD_END, this.#ofRecord(layout.REC_HARD_END)),
    ];
  }

  readonly #contexts: Readonly<Record<ContextKind, (effects: Effects) => Expr[]>> = {
    memory: () => [this.#unit.b.set(R1, this.#wide(this.#i32(DATA)))],
    xdp: (effects) => this.#xdp(effects),
    skb: (effects) => this.#skb(effects),
  };

  #xdp({ writesContext, tailCalls, contextSize }: Effects): Expr[] {
    const size = layout.XDP_MD_SIZE - layout.XDP_MD_INGRESS_IFINDEX;
    const from = layout.RUN_XDP_TEMPLATE;
    const rest =
      writesContext || tailCalls
        ? this.#copy(from, layout.RUN_CTX_AREA + layout.XDP_MD_INGRESS_IFINDEX, size)
        : [];
    const meta =
      contextSize > layout.XDP_MD_DATA_META
        ? [this.#setContext(layout.XDP_MD_DATA_META, this.#i32(DATA))]
        : [];
    return [
      ...rest,
      this.#setContext(layout.XDP_MD_DATA, this.#i32(DATA)),
      this.#setContext(layout.XDP_MD_DATA_END, this.#end()),
      ...meta,
      this.#unit.b.set(R1, this.#wide(this.#context())),
    ];
  }

  /** The EtherType is the protocol, nearly always; begin() knows the other frames. */
  #skb(effects: Effects): Expr[] {
    const { b } = this.#unit;
    const isLong = b.binary('i32.ge_u', this.#i32(LENGTH), this.#const(ETH_HLEN));
    const field = b.unary('i32.wrap', b.load('i64.load16_u', this.#i32(DATA), ETH_TYPE_OFFSET));
    const first = b.binary('i32.and', b.tee(ETH_TYPE, field, 'i32'), this.#const(0xff));
    const isType = b.binary('i32.ge_u', first, this.#const(ETH_TYPE_FIRST));
    const usual = b.choose(b.binary('i32.and', this.#i32(READY), isLong), isType, this.#const(0));
    const forget = effects.sees ? [] : [this.#setRun(layout.RUN_RECORD, this.#const(0))];
    const inline = [...this.#skbFields(effects), b.br('set')];
    return [b.block('set', [b.when(usual, inline), this.#begin(), ...forget])];
  }

  #skbFields({ writesContext, tailCalls }: Effects): Expr[] {
    const whole =
      writesContext || tailCalls
        ? this.#copy(layout.RUN_SKB_TEMPLATE, layout.RUN_CTX_AREA, layout.SKB_SIZE)
        : [];
    return [
      ...whole,
      this.#setContext(layout.SKB_LEN, this.#i32(LENGTH)),
      this.#setContext(layout.SKB_DATA, this.#i32(DATA)),
      this.#setContext(layout.SKB_DATA_END, this.#end()),
      this.#setContext(layout.SKB_DATA_META, this.#i32(DATA)),
      this.#setContext(layout.SKB_PROTOCOL, this.#i32(ETH_TYPE)),
      this.#unit.b.set(R1, this.#wide(this.#context())),
    ];
  }

  /** Copies `size` bytes (a multiple of 4) within the run state. */
  #copy(from: number, to: number, size: number): Expr[] {
    const { b } = this.#unit;
    const items: Expr[] = [];
    let at = 0;
    for (; at + 8 <= size; at += 8)
      items.push(b.store('i64.store', this.#run(), to + at, b.load('i64.load', this.#run(), from + at)));
    if (at < size) items.push(this.#setRun(to + at, this.#ofRun(from + at)));
    return items;
  }

  /** The packet is where it was: no metadata (REC_META), no trap (REC_TRAP behind it). */
  #stay(): Expr {
    const { b } = this.#unit;
    return b.store('i64.store', this.#i32(RECORD), layout.REC_META, this.#wide(this.#i32(DATA)));
  }

  /** Where the packet is now, which the run state knows. */
  #writeBack(): Expr[] {
    const { b } = this.#unit;
    const length = b.binary('i32.sub', this.#ofRun(layout.RUN_PKT_END), this.#i32(DATA));
    const meta = b.load('i64.load32_u', this.#run(), layout.RUN_PKT_META);
    return [
      b.set(DATA, this.#ofRun(layout.RUN_PKT_DATA)),
      b.store('i32.store', this.#i32(RECORD), layout.REC_DATA, this.#i32(DATA)),
      b.store('i32.store', this.#i32(RECORD), layout.REC_LEN, length),
      b.store('i64.store', this.#i32(RECORD), layout.REC_META, meta),
    ];
  }
}

/**
 * Adds the batch loop around the function `main`.
 *
 * @param kind what the program's type gives for a context
 * @param effects undefined: all runs go the general way
 */
export function addBatch(unit: Unit, main: string, kind: ContextKind, effects: Effects | undefined): void {
  const { b } = unit;
  const writer = new BatchWriter(unit, main);
  const isKind = (): Expr => b.binary('i32.eq', writer.kind(), b.const32(CODES[kind]));
  const inline = effects === undefined ? [] : [b.when(isKind(), writer.inline(kind, effects))];
  b.addFunction({
    name: names.BATCH,
    params: ['i32', 'i32'],
    result: undefined,
    locals: LOCALS,
    body: [...inline, writer.loop('general', writer.general())],
    exports: [names.BATCH],
  });
}

/** Contexts of packets as the bytes that BPF_PROG_TEST_RUN takes and gives (net/bpf/test_run.c). */
import * as layout from '../../abi/layout.ts';
import { E2BIG, EINVAL } from '../../abi/maps.ts';
import { type RunContext, readSkb, type SkbContext, skbBytes } from '../../runtime/context.ts';
import type { TestRunResult } from '../../runtime/testRun.ts';
import { refuse } from '../errors.ts';

const COMMAND = 'PROG_TEST_RUN';

/** Members of struct __sk_buff that may be given; the others must be 0 (convert___skb_to_skb). */
const GIVEN = [
  'mark',
  'priority',
  'ingressIfindex',
  'ifindex',
  'cb',
  'tstamp',
  'wireLen',
  'gsoSegs',
  'gsoSize',
] as const satisfies readonly (keyof SkbContext)[];

/** The kernel fills up what is shorter, and refuses what is longer and not 0. */
function sized(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.subarray(size).some((byte) => byte !== 0))
    refuse(COMMAND, E2BIG, `ctxIn has ${bytes.length} bytes, but the context has ${size}`);
  const whole = new Uint8Array(size);
  whole.set(bytes.subarray(0, size));
  return whole;
}

const isZero = (value: unknown): boolean =>
  Array.isArray(value) ? value.every((one) => one === 0) : value === 0 || value === 0n;

function skbContext(bytes: Uint8Array): RunContext {
  const fields = readSkb(sized(bytes, layout.SKB_SIZE), 0);
  for (const [name, value] of Object.entries(fields)) {
    if (!(GIVEN as readonly string[]).includes(name) && !isZero(value))
      refuse(COMMAND, EINVAL, `member ${name} of struct __sk_buff must be 0 in ctxIn`);
  }
  const given = GIVEN.filter((name) => !isZero(fields[name]));
  return Object.fromEntries(given.map((name) => [name, fields[name]]));
}

function xdpContext(bytes: Uint8Array, length: number): RunContext {
  const view = new DataView(sized(bytes, layout.XDP_MD_SIZE).buffer);
  const at = (offset: number): number => view.getUint32(offset, true);
  if (at(layout.XDP_MD_DATA) !== 0 || at(layout.XDP_MD_DATA_META) !== 0)
    refuse(COMMAND, EINVAL, 'data and data_meta must be 0 in ctxIn: metadata cannot be given');
  if (at(layout.XDP_MD_DATA_END) !== length)
    refuse(COMMAND, EINVAL, `data_end must be the packet's length, ${length}, in ctxIn`);
  if (at(layout.XDP_MD_EGRESS_IFINDEX) !== 0) refuse(COMMAND, EINVAL, 'egress_ifindex must be 0 in ctxIn');
  const ingressIfindex = at(layout.XDP_MD_INGRESS_IFINDEX);
  return {
    ...(ingressIfindex !== 0 && { ingressIfindex }),
    rxQueueIndex: at(layout.XDP_MD_RX_QUEUE_INDEX),
  };
}

/** What `struct __sk_buff` or `struct xdp_md` say of a packet of `length` bytes. */
export const contextOfBytes = (kind: 'skb' | 'xdp', bytes: Uint8Array, length: number): RunContext =>
  kind === 'skb' ? skbContext(bytes) : xdpContext(bytes, length);

/** The context after a run; offsets in place of the pointers of struct xdp_md. */
export function bytesOfContext({ context, data, meta }: TestRunResult, given: RunContext): Uint8Array {
  if (context !== undefined) return skbBytes(context);
  const { ingressIfindex = 0, rxQueueIndex = 0 } = given;
  const bytes = new Uint8Array(layout.XDP_MD_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(layout.XDP_MD_DATA, meta.length, true);
  view.setUint32(layout.XDP_MD_DATA_END, data.length, true);
  view.setUint32(layout.XDP_MD_INGRESS_IFINDEX, ingressIfindex, true);
  view.setUint32(layout.XDP_MD_RX_QUEUE_INDEX, rxQueueIndex, true);
  return bytes;
}

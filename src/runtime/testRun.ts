import type { ProgramType } from '../frontend/program.ts';
import { equalBytes } from './bytes.ts';
import type { RunContext } from './context.ts';
import { ETH_HLEN } from './ethernet.ts';
import type { BpfProgram } from './program.ts';
import type { RunResult } from './result.ts';

/** What {@link testRun} gives back. */
export interface TestRunResult extends RunResult {
  /** Bytes of Ethernet header that the program did not see; they come back as zeros at the start of `data`. */
  readonly linkHeader: number;
}

/** Types whose packets begin with the network header: net/bpf/test_run.c pulls the Ethernet header first. */
const withoutLinkHeader: ReadonlySet<ProgramType> = new Set([
  'socket_filter',
  'cgroup_skb',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'lwt_seg6local',
]);

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/**
 * Runs a program once as BPF_PROG_TEST_RUN does, `data` and the result's `data` being its data_in and data_out:
 * socket_filter, cgroup_skb and lwt programs see the packet without its Ethernet header, which comes back as zeros;
 * what an XDP program writes in front of the packet (data_meta) comes back in front of it; of a flow dissector, its
 * flow keys come back.
 * @throws WebpfError 'trap'
 */
export function testRun(program: BpfProgram, data: Uint8Array, context: RunContext = {}): TestRunResult {
  const pulled = program.contextKind === 'skb' && withoutLinkHeader.has(program.spec.type);
  const linkHeader = pulled ? Math.min(ETH_HLEN, data.length) : 0;
  const result = program.run(data, { ...context, linkHeader });
  const meta = program.contextKind === 'xdp' ? result.meta : new Uint8Array();
  const after = result.flowKeys ?? joined(new Uint8Array(linkHeader), meta, result.data);
  const { r0, verdict, redirect, context: fields, socket, tunnel, hook, flowKeys } = result;
  const dataChanged = !equalBytes(data, after);
  return {
    r0,
    verdict,
    data: after,
    dataChanged,
    meta: result.meta,
    redirect,
    context: fields,
    socket,
    tunnel,
    hook,
    flowKeys,
    linkHeader,
  };
}

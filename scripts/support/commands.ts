/** The commands of bpf(2), and the methods of Bpf that are them. */
import { Bpf } from '../../src/index.ts';

/** enum bpf_cmd of Linux 6.18, by number. */
const COMMANDS =
  `MAP_CREATE MAP_LOOKUP_ELEM MAP_UPDATE_ELEM MAP_DELETE_ELEM MAP_GET_NEXT_KEY PROG_LOAD OBJ_PIN OBJ_GET
  PROG_ATTACH PROG_DETACH PROG_TEST_RUN PROG_GET_NEXT_ID MAP_GET_NEXT_ID PROG_GET_FD_BY_ID MAP_GET_FD_BY_ID
  OBJ_GET_INFO_BY_FD PROG_QUERY RAW_TRACEPOINT_OPEN BTF_LOAD BTF_GET_FD_BY_ID TASK_FD_QUERY MAP_LOOKUP_AND_DELETE_ELEM
  MAP_FREEZE BTF_GET_NEXT_ID MAP_LOOKUP_BATCH MAP_LOOKUP_AND_DELETE_BATCH MAP_UPDATE_BATCH MAP_DELETE_BATCH LINK_CREATE
  LINK_UPDATE LINK_GET_FD_BY_ID LINK_GET_NEXT_ID ENABLE_STATS ITER_CREATE LINK_DETACH PROG_BIND_MAP TOKEN_CREATE
  PROG_STREAM_READ_BY_FD`
    .trim()
    .split(/\s+/);

export interface CommandSupport {
  readonly number: number;
  readonly name: string;
  /** How it is called; undefined where it is not there. */
  readonly method: string | undefined;
}

/** MAP_LOOKUP_ELEM → mapLookupElem; ids of all kinds are one method each. */
function methodOf(name: string): string | undefined {
  const [, kind = '', what = ''] = /^([A-Z]+)_(GET_NEXT_ID|GET_FD_BY_ID)$/.exec(name) ?? [];
  const camel = (what || name).toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  if (typeof Object.getOwnPropertyDescriptor(Bpf.prototype, camel)?.value !== 'function') return undefined;
  return what === '' ? camel : `${camel}('${kind.toLowerCase()}', …)`;
}

export const commandSupport = (): readonly CommandSupport[] =>
  COMMANDS.map((name, number) => ({ number, name: `BPF_${name}`, method: methodOf(name) }));

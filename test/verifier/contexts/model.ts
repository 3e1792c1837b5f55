import {
  accessContext,
  accessPointee,
  type Context,
  type Granted,
  type Pointee,
  type Refused,
  refuseReturn,
  returnRangeOf,
  type Yield,
} from '../../../src/verifier/contexts/index.ts';
import { type Access, type AccessTable, isLoad, tabulate } from './measure.ts';
import { pointeeWindows } from './pointees.ts';
import { type ReturnTable, SAMPLES } from './returns.ts';
import type { Site } from './sites.ts';

const orNull = (name: string, nullable: boolean): string => (nullable ? `${name}_or_null` : name);

/** The register after the load, in the words of the kernel's log. */
function registerName(yields: Yield): string {
  switch (yields.kind) {
    case 'scalar':
      return 'scalar';
    case 'packet':
      return 'pkt';
    case 'packetMeta':
      return 'pkt_meta';
    case 'packetEnd':
      return 'pkt_end';
    case 'socket':
      return orNull(yields.of, yields.nullable);
    case 'flowKeys':
      return 'flow_keys';
    case 'tracepointBuffer':
      return 'tp_buffer';
    case 'btf':
      return `trusted_ptr_${yields.struct}`;
    case 'memory':
      return orNull('mem', yields.nullable);
  }
}

const outcome = (answer: Granted | Refused, access: Access): string => {
  if ('refused' in answer) return '';
  return isLoad(access) ? registerName(answer.yields) : 'ok';
};

const request = (access: Access, offset: number) => ({
  offset,
  size: access.size,
  write: !isLoad(access),
  signed: access.kind === 'signed',
});

/** The accesses as our tables decide them, in the form of the measurement. */
export const predictAccesses = (site: Site, context: Context): Promise<AccessTable> =>
  tabulate(site.windows, false, (access, offset) =>
    outcome(accessContext(context, request(access, offset)), access),
  );

export const predictPointee = (pointee: Pointee): Promise<AccessTable> =>
  tabulate(pointeeWindows(pointee), pointee === 'flow_keys', (access, offset) =>
    outcome(accessPointee(pointee, request(access, offset), 2), access),
  );

export function predictReturns({ type, attachType }: Pick<Site, 'type' | 'attachType'>): ReturnTable {
  const range = returnRangeOf(type, attachType);
  if (range === undefined) return {};
  const complaints = SAMPLES.map(({ name, value }) => [name, refuseReturn(range, value)] as const);
  return Object.fromEntries(complaints.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contextOf, type PacketAccess } from '../../../src/verifier/contexts/index.ts';
import type { KernelJudge } from '../../kernel/kernel.ts';
import { ATTACH_TYPES } from '../attachTypes.ts';
import { type AccessTable, encode, measureAccesses } from './measure.ts';
import { measurePacket } from './packet.ts';
import { measurePointee, POINTEES } from './pointees.ts';
import { measureReturns, type ReturnTable } from './returns.ts';
import { candidateOf, SITES, type Site, siteName, TYPES } from './sites.ts';

/** What a kernel said of one kind of program. */
export interface SiteRecord {
  readonly accesses: AccessTable;
  readonly returns: ReturnTable;
  readonly packet: PacketAccess;
}

/** A record whose tables are named by the first site that has them. */
interface SiteEntry {
  readonly accesses: string;
  readonly returns: string;
  readonly packet: PacketAccess;
}

export interface Recording {
  readonly kernel: string;
  readonly sites: Readonly<Record<string, SiteEntry>>;
  readonly accesses: Readonly<Record<string, AccessTable>>;
  readonly returns: Readonly<Record<string, ReturnTable>>;
  readonly pointees: Readonly<Record<string, AccessTable>>;
  /** By program type, the attach types that load (`-` for none) with blanks between them, or `all`. */
  readonly attachTypes: Readonly<Record<string, string>>;
}

export const RECORDING = join(import.meta.dirname, 'linux.json');
export const readRecording = (): Recording => JSON.parse(readFileSync(RECORDING, 'utf8')) as Recording;

export function recordOf({ sites, accesses, returns }: Recording, name: string): SiteRecord {
  const entry = sites[name];
  if (entry === undefined) throw new Error(`${RECORDING} has no site ${name}: run record.ts`);
  const { packet } = entry;
  return { accesses: accesses[entry.accesses] ?? {}, returns: returns[entry.returns] ?? {}, packet };
}

/** Asks the kernel for everything about a site. */
export async function measureSite(judge: KernelJudge, site: Site): Promise<SiteRecord> {
  const context = contextOf(site.type, site.attachType);
  if (context === undefined) throw new Error(`no context for ${siteName(site)}`);
  return {
    accesses: await measureAccesses(judge, site),
    returns: await measureReturns(judge, site),
    packet: await measurePacket(judge, site, context),
  };
}

const RETURN_1 = Buffer.concat([encode(0xb7, 0, 0, 0, 1), encode(0x95, 0, 0, 0, 0)]);

/** The attach types of a type's programs as `loads` tells, in the form of the recording. */
export async function listAttachTypes(loads: (name: string) => Promise<boolean> | boolean): Promise<string> {
  const names: string[] = [];
  for (const name of ['', ...ATTACH_TYPES]) if (await loads(name)) names.push(name === '' ? '-' : name);
  return names.length > ATTACH_TYPES.length ? 'all' : names.join(' ');
}

export const measureAttachTypes = (judge: KernelJudge, type: Site['type']): Promise<string> =>
  listAttachTypes(async (name) => {
    const { errno } = await judge.verify({ ...candidateOf(type, name), code: RETURN_1 });
    return errno === 0;
  });

/** Tables by the first name they came with. */
class Interned<T> {
  readonly tables: Record<string, T> = {};
  readonly #names = new Map<string, string>();

  nameOf(table: T, name: string): string {
    const key = JSON.stringify(table);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    this.#names.set(key, name);
    this.tables[name] = table;
    return name;
  }
}

type Sites = Pick<Recording, 'sites' | 'accesses' | 'returns'>;

async function measureSites(judge: KernelJudge): Promise<Sites> {
  const accesses = new Interned<AccessTable>();
  const returns = new Interned<ReturnTable>();
  const sites: Record<string, SiteEntry> = {};
  for (const site of SITES) {
    const name = siteName(site);
    const record = await measureSite(judge, site);
    sites[name] = {
      accesses: accesses.nameOf(record.accesses, name),
      returns: returns.nameOf(record.returns, name),
      packet: record.packet,
    };
  }
  return { sites, accesses: accesses.tables, returns: returns.tables };
}

/** Everything about every site. */
export async function measureAll(judge: KernelJudge, kernel: string): Promise<Recording> {
  const pointees: Record<string, AccessTable> = {};
  for (const pointee of POINTEES) pointees[pointee] = await measurePointee(judge, pointee);
  const attachTypes: Record<string, string> = {};
  for (const type of TYPES) attachTypes[type] = await measureAttachTypes(judge, type);
  return { kernel, ...(await measureSites(judge)), pointees, attachTypes };
}

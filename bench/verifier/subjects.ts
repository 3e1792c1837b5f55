/** The programs to verify: of public objects listed with the type they are loaded with, or this repository's own. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ObjectFile, type Program, type ProgramType, readObject, WebpfError } from '../../src/index.ts';

export interface Subject {
  /** The object file. */
  readonly path: string;
  readonly program: Program;
  /** What it is ranked by: the kernel's instructions processed where they are known, else its length. */
  readonly size: number;
}

/** A line of a list of verdicts; other fields are not of interest here. */
interface Row {
  readonly object: string;
  readonly section: string;
  readonly prog: string;
  readonly type: ProgramType;
  readonly verdict: string;
  readonly insns_processed?: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const OWN = ['test/objects', 'examples', 'bench/programs'];

/** What a type implies where the section does not say it. */
const ATTACH_TYPE: Partial<Record<ProgramType, string>> = { xdp: 'xdp', sock_ops: 'cgroup_sock_ops' };

const ofType = (program: Program, type: ProgramType): Program =>
  program.type === type ? program : { ...program, type, attachType: ATTACH_TYPE[type] ?? '' };

/** An object that cannot be read has no programs: other commands say why. */
async function programsOf(path: string): Promise<readonly Program[]> {
  try {
    const file: ObjectFile = await readObject(path);
    return file.programs;
  } catch (error) {
    if (error instanceof WebpfError) return [];
    throw error;
  }
}

export async function listed(list: string, directory: string): Promise<Subject[]> {
  const rows = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
    .filter(({ verdict }) => verdict !== 'noattempt');
  const files = new Map<string, readonly Program[]>();
  const subjects: Subject[] = [];
  for (const row of rows) {
    const path = join(directory, row.object);
    const programs = files.get(path) ?? (await programsOf(path));
    files.set(path, programs);
    const found = programs.find(({ name, section }) => name === row.prog && section === row.section);
    if (found === undefined) continue;
    const size = row.insns_processed ?? found.code.length / 8;
    subjects.push({ path, program: ofType(found, row.type), size });
  }
  return subjects;
}

/** Programs of this repository whose sections name a type of the kernel's. */
export async function own(): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const folder of OWN) {
    for (const name of readdirSync(join(root, folder)).filter((each) => each.endsWith('.o'))) {
      const path = join(root, folder, name);
      const programs = await programsOf(path);
      const typed = programs.filter(({ type }) => type !== 'unspec');
      subjects.push(...typed.map((program) => ({ path, program, size: program.code.length / 8 })));
    }
  }
  return subjects;
}

/** Of one object each, so that it is opened once a round. */
export function byObject(subjects: readonly Subject[]): Subject[][] {
  const groups = new Map<string, Subject[]>();
  for (const subject of subjects) groups.set(subject.path, [...(groups.get(subject.path) ?? []), subject]);
  return [...groups.values()];
}

export const objectName = ({ path }: Subject): string => basename(path);

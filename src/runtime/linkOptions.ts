import { parseBtfFile } from '../frontend/btf/file.ts';
import type { ParsedBtf } from '../frontend/btf/parse.ts';
import type { Btf } from '../frontend/btf/types.ts';
import { TargetTypes } from '../frontend/core/target.ts';
import type { SectionHandlers } from '../frontend/handlers.ts';
import { type Kconfig, parseKconfig } from '../frontend/kconfig.ts';
import type { HostOptions } from '../frontend/object.ts';
import { badArgument } from './argument.ts';
import { inflated } from './inflate.ts';

/** A file with BTF: a path, a URL, or its bytes; raw BTF or an ELF file with a section `.BTF`, gzipped or not. */
export type BtfFile = string | URL | Uint8Array;

/** A kernel's types with those of its modules, whose files (split BTF) continue the kernel's. */
export interface KernelBtf {
  readonly base: BtfFile;
  readonly modules?: Readonly<Record<string, BtfFile>> | undefined;
}

/** Types of a host. */
export type BtfSource = BtfFile | KernelBtf | Btf | TargetTypes;

/** What an object is linked against: what libbpf takes from the kernel that it loads into. */
export interface LinkOptions {
  /**
   * Types by which CO-RE relocations are answered: a kernel's (`/sys/kernel/btf/vmlinux`), or those of a host of your
   * own, from an object compiled with `-g` that uses them. Without it, the contexts that webpf itself hands to programs.
   */
  readonly btf?: BtfSource | undefined;
  /**
   * Values of the variables that objects declare with `__kconfig`, by name (`CONFIG_HZ: 1000`, `CONFIG_BPF: 'y'`), or the
   * text of a configuration file. Known without it: LINUX_KERNEL_VERSION (6.18.0), LINUX_HAS_BPF_COOKIE,
   * LINUX_HAS_SYSCALL_WRAPPER.
   */
  readonly kconfig?: Kconfig | string | undefined;
  /**
   * What programs of sections of your own are: `{ 'my_hook+': { type: 'sched_cls' } }`. They come before libbpf's names.
   */
  readonly sections?: SectionHandlers | undefined;
  /** Addresses of the variables and functions that objects declare with `__ksym`, by name. Weak ones are 0 without. */
  readonly ksyms?: Readonly<Record<string, bigint>> | undefined;
}

/** Reads a file that an option names. */
export type ReadFile = (source: string | URL) => Promise<Uint8Array>;

async function bytesOf(file: BtfFile, read: ReadFile): Promise<Uint8Array> {
  if (file instanceof Uint8Array) return await inflated(file);
  if (typeof file === 'string' || file instanceof URL) return await inflated(await read(file));
  throw badArgument('BTF is read from a path, a URL or a Uint8Array; this is none of them');
}

const nameOf = (file: BtfFile): string => (file instanceof Uint8Array ? 'BTF' : String(file));

const parsed = async (file: BtfFile, read: ReadFile, base?: ParsedBtf): Promise<ParsedBtf> =>
  parseBtfFile(await bytesOf(file, read), nameOf(file), base);

const isFile = (source: BtfSource): source is BtfFile =>
  typeof source === 'string' || source instanceof URL || source instanceof Uint8Array;

async function kernelTypes({ base, modules = {} }: KernelBtf, read: ReadFile): Promise<TargetTypes> {
  const types = await parsed(base, read);
  const own = new Map<string, Btf>();
  for (const [name, file] of Object.entries(modules)) own.set(name, (await parsed(file, read, types)).btf);
  return new TargetTypes(nameOf(base), types.btf, own);
}

/** @throws WebpfError 'file', 'bad-btf', 'bad-elf', 'bad-argument' */
export async function targetTypes(source: BtfSource, read: ReadFile): Promise<TargetTypes> {
  if (source instanceof TargetTypes) return source;
  if (isFile(source)) return await kernelTypes({ base: source }, read);
  if (source !== null && typeof source === 'object') {
    if ('base' in source) return await kernelTypes(source, read);
    if (Array.isArray(source.types)) return new TargetTypes('the host', source);
  }
  throw badArgument(
    'option btf is a path, a URL, bytes, { base, modules }, or types read before; this is none of them',
  );
}

/** Files of the options read, ready for the linker; undefined when there is nothing in them. */
export async function hostOptions(
  { btf, kconfig, ksyms }: LinkOptions,
  read: ReadFile,
): Promise<HostOptions | undefined> {
  if (btf === undefined && kconfig === undefined && ksyms === undefined) return undefined;
  return {
    types: btf === undefined ? undefined : await targetTypes(btf, read),
    kconfig: typeof kconfig === 'string' ? parseKconfig(kconfig) : kconfig,
    ksyms,
  };
}

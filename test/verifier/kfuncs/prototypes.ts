import type { Kfunc, KfuncArgument, KfuncResult } from '../../../src/verifier/kfuncs/types.ts';
import type { Prototype } from './vmlinux.ts';

/**
 * What the kernel's verifier reads off a prototype, written down once more from its rules alone: a text for each
 * argument and for the result, to be held against the same of the tables.
 */

interface Parameter {
  readonly type: string;
  readonly name: string;
  readonly pointee: number;
}

const parametersOf = ({ text, pointees }: Prototype): Parameter[] =>
  text.slice(1).map((each, index) => {
    const [type = '', name = ''] = [
      each.slice(0, each.lastIndexOf(' ')),
      each.slice(each.lastIndexOf(' ') + 1),
    ];
    return { type: type.replace(/\bconst /g, '').trim(), name, pointee: pointees[index + 1] ?? 0 };
  });

/** Meanings that the end of a parameter's name has; the first that fits counts. */
const SUFFIXES: readonly (readonly [suffix: RegExp, text: string])[] = [
  [/__ign$/, 'ignored'],
  [/__prog$/, 'programAux'],
  [/__k$/, 'scalar constant'],
  [/__szk$/, 'constSize'],
  [/__sz$/, 'size'],
  [/__str$/, 'string'],
  [/__irq_flag$/, 'irqFlag'],
  [/__map$/, 'map'],
  [/__(alloc|refcounted_kptr)$/, 'object'],
];

const STRUCTURES: Readonly<Record<string, string>> = {
  bpf_wq: 'workqueue',
  bpf_task_work: 'taskWork',
  bpf_list_head: 'object',
  bpf_list_node: 'object',
  bpf_rb_root: 'object',
  bpf_rb_node: 'object',
  bpf_res_spin_lock: 'object',
  __sk_buff: 'context __sk_buff',
  xdp_md: 'context xdp_md',
};

function structure(struct: string, { name, pointee }: Parameter): string {
  const nullable = /__nullable$/.test(name) ? ' or NULL' : '';
  const iterator = /^bpf_iter_(\w+)$/.exec(struct)?.[1];
  if (iterator !== undefined) return `iterator ${iterator} of ${pointee / 8}`;
  if (struct === 'bpf_dynptr') return `dynptr${/__uninit$/.test(name) ? ' uninit' : ''}${nullable}`;
  return STRUCTURES[struct] ?? `btf ${struct}${nullable}`;
}

function argumentText(parameter: Parameter, next: Parameter | undefined): string {
  const { type, name, pointee } = parameter;
  const suffix = SUFFIXES.find(([pattern]) => pattern.test(name))?.[1];
  if (suffix !== undefined) return suffix;
  if (type.includes('(') || type.endsWith('callback_t')) return 'callback';
  if (!type.endsWith('*')) return 'scalar';
  if (/__szk?$/.test(next?.name ?? '')) return `memory${/__opt$/.test(name) ? ' or NULL' : ''}`;
  const struct = /^struct (\w+) \*/.exec(type)?.[1];
  if (struct !== undefined) return structure(struct, parameter);
  return type.startsWith('void') ? 'context any' : `memory of ${pointee}`;
}

const INTEGERS: Readonly<Record<string, string>> = {
  int: 'integer 4 signed',
  u32: 'integer 4',
  __u32: 'integer 4',
  bool: 'integer 1',
  long: 'integer 8 signed',
  'long int': 'integer 8 signed',
  s64: 'integer 8 signed',
};

function resultText(type: string, pointee: number): string {
  if (type === 'void') return 'void';
  if (/^void.*\*$/.test(type)) return 'special';
  const struct = /^struct (\w+) \*/.exec(type)?.[1];
  if (struct !== undefined) return /^bpf_(list|rb)_node$/.test(struct) ? 'special' : `btf ${struct}`;
  return type.endsWith('*') ? `memory of ${pointee}` : (INTEGERS[type] ?? type);
}

/** Arguments and result as the kernel sees them. */
export function kernelTexts(prototype: Prototype): readonly string[] {
  const parameters = parametersOf(prototype);
  return [
    resultText(prototype.text[0] ?? '', prototype.pointees[0] ?? 0),
    ...parameters.map((parameter, index) => argumentText(parameter, parameters[index + 1])),
  ];
}

const orNull = ({ nullable }: { readonly nullable: boolean }): string => (nullable ? ' or NULL' : '');

function tableArgument(argument: KfuncArgument): string {
  switch (argument.kind) {
    case 'scalar':
      return argument.constant ? 'scalar constant' : 'scalar';
    case 'memory':
      return argument.size === undefined ? `memory${orNull(argument)}` : `memory of ${argument.size}`;
    case 'context':
      return `context ${argument.struct ?? 'any'}`;
    case 'iterator':
      return `iterator ${argument.of} of ${argument.slots}`;
    case 'dynptr':
      return `dynptr${argument.state === 'uninit' ? ' uninit' : ''}${orNull(argument)}`;
    case 'btf':
      return `btf ${argument.struct}${orNull(argument)}`;
    default:
      return argument.kind;
  }
}

function tableResult(result: KfuncResult): string {
  switch (result.kind) {
    case 'integer':
      return `integer ${result.size}${result.signed ? ' signed' : ''}`;
    case 'void':
      return 'void';
    case 'btf':
      return `btf ${result.struct}`;
    case 'memory':
      return `memory of ${result.size}`;
    default:
      return 'special';
  }
}

/** The same from the tables. */
export const tableTexts = ({ args, result }: Kfunc): readonly string[] => [
  tableResult(result),
  ...args.map(tableArgument),
];

/** Accesses of the context, and of structures of fixed layout behind other pointers. */
import type { Field } from '../contexts/types.ts';
import { inSource, isStore, targetText, verbOf } from './memory.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { expressionOf } from './source.ts';
import { bytes, contextField, originText, structureNamed } from './values.ts';

const MANY = 12;

const listed = (fields: readonly Field[]): string =>
  [...new Set(fields.map(({ name }) => name))].slice(0, MANY).join(', ') +
  (fields.length > MANY ? ', …' : '');

/** Fields that there are, where the one that was meant is none of them. */
function fieldsHint(scene: Scene, isHidden: boolean, isWritable: boolean): string {
  const { fields, name } = scene.walk.env.context;
  if (isHidden) return `these fields of struct ${name} are there: ${listed(fields)}`;
  if (!isStore(scene.insn) || isWritable) return scene.refusal.hint;
  const written = fields.filter(({ write }) => write !== 0);
  if (written.length === 0) return `programs of this type may not write to struct ${name}`;
  return `these fields of struct ${name} may be written: ${listed(written)}`;
}

/** The hint of the tables is about the field: it stands as it is. */
function refusedField(scene: Scene, match: RegExpExecArray): Diagnosis {
  const [off, size] = match.slice(1, 3).map(Number) as [number, number];
  const { context } = scene.walk.env;
  const field = contextField(scene, off);
  const verb = verbOf(scene.insn);
  if (field === undefined) {
    return {
      summary: `${scene.where} ${verb} ${bytes(size)} at offset ${off} of struct ${context.name}${inSource(scene)}, where there is no field`,
      hint: scene.refusal.hint,
    };
  }
  const text = expressionOf(scene.source(), field.name) ?? `${field.name}`;
  const widths = isStore(scene.insn) ? field.write : field.read;
  const isHidden = !context.fields.includes(field);
  const may = isHidden
    ? 'do not have'
    : `may not ${isStore(scene.insn) ? 'write' : 'read'}${widths === 0 ? '' : ' so'}`;
  return {
    summary: `${scene.where} ${verb} ${text} (${bytes(size)} at offset ${off} of struct ${context.name}), which programs of type ${scene.kind} ${may}`,
    hint: fieldsHint(scene, isHidden, field.write !== 0),
  };
}

function moved(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[2]);
  const target = match[1] === 'ctx' ? 'the context' : `a pointer of type ${match[1]}`;
  return {
    summary: `${scene.where} uses ${target} after ${match[3]} was added to it (r${register})`,
    hint: 'use the pointer as it was given, with the offset in the access itself (a compiler does so for `ctx->field`)',
  };
}

function variable(scene: Scene, match: RegExpExecArray): Diagnosis {
  const target = match[1] === 'ctx' ? `struct ${scene.walk.env.context.name}` : (match[1] ?? '');
  return {
    summary: `${scene.where} accesses ${target} at an offset that is not a constant${inSource(scene)}`,
    hint: 'name the fields one by one: these structures have no fields that can be indexed',
  };
}

function pointee(scene: Scene, match: RegExpExecArray): Diagnosis {
  const [, name = '', off, size] = match;
  return {
    summary: `${scene.where} ${verbOf(scene.insn)} ${bytes(Number(size))} at offset ${off} of ${structureNamed(name.replace(' ', '_'))}${inSource(scene)}, where programs have no access`,
    hint: scene.refusal.hint,
  };
}

function readOnly(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[1]);
  const name = match[2] ?? '';
  const from = scene.origin(register);
  const target = targetText(scene, register);
  const what = target === 'memory' ? `what ${originText(scene, from)} points to` : target;
  return {
    summary: `${scene.where} writes to ${what}${inSource(scene)}, which is read-only for programs (${name})`,
    hint: 'write to a copy on the stack, or to a map',
  };
}

export const CONTEXT: Explainers = [
  [/^invalid bpf_context access off=(-?\d+) size=(\d+)/, refusedField],
  [/^dereference of modified (\S+) ptr R(\d+) off=(-?\d+) disallowed/, moved],
  [/^negative offset (\S+) ptr R(\d+) off=(-?\d+) disallowed/, moved],
  [/^variable (\S+) access var_off=/, variable],
  [/^R\d+ invalid (sock\w*|tcp_sock|xdp_sock) access off=(-?\d+) size=(\d+)/, pointee],
  [/^invalid access to (flow keys) off=(-?\d+) size=(\d+)/, pointee],
  [/^R(\d+) cannot write into (\S+)/, readOnly],
];

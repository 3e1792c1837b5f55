/**
 * BTF as plain data: the type section of an object file (kernel document Documentation/bpf/btf.rst).
 * Types refer to each other by id; id 0 is `void`.
 */

/** An integer. `bits` may be smaller than 8 * size (old encodings of bitfields). */
export interface BtfInt {
  readonly kind: 'int';
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly encoding: 'unsigned' | 'signed' | 'char' | 'bool';
  readonly bits: number;
  readonly bitOffset: number;
}
export interface BtfFloat {
  readonly kind: 'float';
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}
export interface BtfVoid {
  readonly kind: 'void';
  readonly name: '';
}
/** Kinds that say something about another type: pointers, qualifiers, names. */
export interface BtfReference {
  readonly kind: 'ptr' | 'typedef' | 'volatile' | 'const' | 'restrict' | 'typeTag';
  /** '' for pointers and qualifiers; the tag of a typeTag. */
  readonly name: string;
  readonly type: number;
}
export interface BtfArray {
  readonly kind: 'array';
  readonly name: '';
  readonly type: number;
  readonly indexType: number;
  /** Elements. */
  readonly length: number;
}
export interface BtfMember {
  /** '' for an anonymous struct or union inside. */
  readonly name: string;
  readonly type: number;
  /** From the start of the struct. */
  readonly bitOffset: number;
  /** Width of a bitfield; 0 for an ordinary member. */
  readonly bitSize: number;
}
export interface BtfComposite {
  readonly kind: 'struct' | 'union';
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly members: readonly BtfMember[];
}
export interface BtfEnumerator {
  readonly name: string;
  readonly value: bigint;
}
export interface BtfEnum {
  readonly kind: 'enum' | 'enum64';
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly BtfEnumerator[];
}
/** A forward declaration. */
export interface BtfForward {
  readonly kind: 'fwd';
  readonly name: string;
  readonly of: 'struct' | 'union';
}
export interface BtfParameter {
  readonly name: string;
  /** 0 with an empty name: variable arguments. */
  readonly type: number;
}
export interface BtfFunctionProto {
  readonly kind: 'funcProto';
  readonly name: '';
  /** Return type. */
  readonly type: number;
  readonly parameters: readonly BtfParameter[];
}
export type BtfLinkage = 'static' | 'global' | 'extern';
export interface BtfFunction {
  readonly kind: 'func';
  readonly name: string;
  /** Id of the funcProto. */
  readonly type: number;
  readonly linkage: BtfLinkage;
}
export interface BtfVariable {
  readonly kind: 'var';
  readonly name: string;
  readonly type: number;
  readonly linkage: BtfLinkage;
}
export interface BtfSectionVariable {
  /** Id of a var (or func, for extern functions in .ksyms). */
  readonly type: number;
  /** Bytes from the start of the section. Compilers leave 0; the symbol table has the truth. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}
export interface BtfSection {
  readonly kind: 'datasec';
  /** ELF section name. */
  readonly name: string;
  readonly size: number;
  readonly variables: readonly BtfSectionVariable[];
}
export interface BtfDeclarationTag {
  readonly kind: 'declTag';
  readonly name: string;
  readonly type: number;
  /** Member or parameter tagged; -1 for the declaration itself. */
  readonly component: number;
}

/** A BTF type: `void` and the 19 kinds of btf.rst. */
export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfFloat
  | BtfReference
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfForward
  | BtfFunctionProto
  | BtfFunction
  | BtfVariable
  | BtfSection
  | BtfDeclarationTag;

export type BtfKind = BtfType['kind'];

/** All types of an object file; `types[id]`, with void at 0. */
export interface Btf {
  readonly types: readonly BtfType[];
}

/** Function start inside a program section (BTF.ext func_info). */
export interface FunctionInfo {
  /** Bytes from the start of the section. */
  readonly offset: number;
  /** BTF id of the func. */
  readonly type: number;
}
/** Source line of an instruction (BTF.ext line_info). */
export interface LineRecord {
  /** Bytes from the start of the section. */
  readonly offset: number;
  readonly file: string;
  readonly text: string;
  readonly line: number;
  readonly column: number;
}
/** A CO-RE relocation (BTF.ext core_relo). */
export interface CoreRelocation {
  /** Bytes from the start of the section. */
  readonly offset: number;
  /** BTF id of the root type of the access. */
  readonly type: number;
  /** Access string, such as `0:1:2`. */
  readonly access: string;
  /** enum bpf_core_relo_kind. */
  readonly kind: number;
}
/** What .BTF.ext says about one ELF section. */
export interface SectionInfo {
  readonly functions: readonly FunctionInfo[];
  readonly lines: readonly LineRecord[];
  readonly core: readonly CoreRelocation[];
}
/** .BTF.ext by ELF section name. */
export type BtfExt = ReadonlyMap<string, SectionInfo>;

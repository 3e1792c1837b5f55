/**
 * Structures that programs read and write through typed pointers, above all the context in r1, as plain data. The
 * contexts of Linux and those of a host's own program types speak the same vocabulary.
 */

/** What a load of a field puts into the register; names of sockets are the kernel's register types. */
export type Yield =
  | { readonly kind: 'scalar' }
  /** Start of the packet (or of the option's value), of the metadata before it, and the first byte after it. */
  | { readonly kind: 'packet' }
  | { readonly kind: 'packetMeta' }
  | { readonly kind: 'packetEnd' }
  | { readonly kind: 'socket'; readonly of: SocketKind; readonly nullable: boolean }
  | { readonly kind: 'flowKeys' }
  /** The buffer of a writable raw tracepoint: its size is known where the program is attached. */
  | { readonly kind: 'tracepointBuffer' }
  /** Pointer to a structure of the kernel, described by its BTF. */
  | { readonly kind: 'btf'; readonly struct: string; readonly nullable: boolean; readonly trusted: boolean }
  /** Pointer to `size` bytes that the host hands out. */
  | {
      readonly kind: 'memory';
      readonly size: number;
      readonly writable: boolean;
      readonly nullable: boolean;
    };

/** Register types of the socket family whose memory programs read as struct bpf_sock and its relatives. */
export type SocketKind = 'sock_common' | 'sock' | 'tcp_sock' | 'xdp_sock';

/** Access sizes, each a power of two, as their sum: 1 + 2 + 4 is bytes, half words and words; 0 is no access. */
export type Widths = number;

/** A member of a structure, or a run of members of the same kind (an array). */
export interface Field {
  readonly name: string;
  /** Bytes from the structure's start. */
  readonly offset: number;
  /** Bytes; an access lies wholly inside one field. */
  readonly size: number;
  readonly read: Widths;
  readonly write: Widths;
  readonly yields: Yield;
  /** Only at the first byte; other fields take an access at every multiple of its size. */
  readonly anchored?: boolean;
}

/** A structure as programs see it. Fields may overlap: the first that takes an access counts. */
export interface Structure {
  /** Of the C struct, without `struct`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly fields: readonly Field[];
  /** Plain memory; in other structures an access is aligned to its size. */
  readonly unaligned?: boolean;
}

/**
 * What a program may do with the packet that its context points to (may_access_direct_pkt_data):
 * - `loads`: read it by its own instructions
 * - `read`: hand it to helpers as well, to those that take packet data
 * - `write`: store to it, too
 */
export type PacketAccess = 'none' | 'loads' | 'read' | 'write';

/** What r1 points to when a program starts. */
export interface Context extends Structure {
  readonly packet: PacketAccess;
  /** What is in it is not known: nothing can be said of accesses. */
  readonly isOpaque?: boolean;
  /** Fields that other programs with this structure see: for messages. */
  readonly hidden?: readonly Field[];
}

/** A load or store at a constant offset. */
export interface Access {
  /** Bytes from the start. */
  readonly offset: number;
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number;
  readonly write: boolean;
  /** A load that extends the sign (RFC 9669 section 5.2): never of a pointer. */
  readonly signed?: boolean;
}

/** The field that is accessed, and what a load yields; of a store, what the field holds. */
export interface Granted {
  readonly field: Field;
  readonly yields: Yield;
}

export interface Refused {
  /** Why not, in the kernel's words. */
  readonly refused: string;
  /** What is wrong and what would be right, in terms of the fields. */
  readonly hint: string;
}

import type { Argument, DynptrArgument, MemoryAccess, Result, SocketArgument } from './types.ts';

/** Arguments and results by short names, for the tables. */

export const any: Argument = { kind: 'anything' };
export const map: Argument = { kind: 'map' };
export const key: Argument = { kind: 'mapKey' };
export const context: Argument = { kind: 'context', nullable: false };
export const contextOrNull: Argument = { kind: 'context', nullable: true };
/** Bytes of the memory argument before. */
export const size: Argument = { kind: 'size', zeroAllowed: false };
export const sizeOrZero: Argument = { kind: 'size', zeroAllowed: true };
export const allocationSize: Argument = { kind: 'allocationSize' };
export const callback: Argument = { kind: 'callback' };
export const stackOrNull: Argument = { kind: 'stack', nullable: true };
export const constantString: Argument = { kind: 'constantString' };
export const spinLock: Argument = { kind: 'spinLock' };
export const timer: Argument = { kind: 'timer' };
export const kptr: Argument = { kind: 'kptr' };
export const kptrValue: Argument = { kind: 'kptrValue' };
export const perCpuBtf: Argument = { kind: 'perCpuBtf' };
export const ringRecord: Argument = { kind: 'ringRecord' };

const memory = (access: MemoryAccess, nullable = false): Argument => ({ kind: 'memory', access, nullable });
export const input = memory('read');
export const inputOrNull = memory('read', true);
/** Written, but read or left alone as well: must be initialised. */
export const inOut = memory('write');
export const inOutOrNull = memory('write', true);
export const output = memory('uninit');
export const outputOrNull = memory('uninit', true);

export const inputOf = (bytes: number): Argument => ({
  kind: 'memory',
  access: 'read',
  nullable: false,
  size: bytes,
});
/** An integer in memory, aligned. */
export const integer = (bytes: number, access: MemoryAccess = 'uninit'): Argument => ({
  kind: 'memory',
  access,
  nullable: false,
  size: bytes,
  aligned: true,
});

const mapValue = (access: MemoryAccess, nullable = false): Argument => ({
  kind: 'mapValue',
  access,
  nullable,
});
export const value = mapValue('read');
export const valueOrNull = mapValue('read', true);
export const valueOutput = mapValue('uninit');

const socket = (of: SocketArgument['of'], nullable = false, release = false): Argument => ({
  kind: 'socket',
  of,
  nullable,
  release,
});
export const sockCommon = socket('sock_common');
export const btfSock = socket('btf_sock_common');
export const btfSockOrNull = socket('btf_sock_common', true);
export const releasedSock = socket('btf_sock_common', false, true);
export const fullSocketOrNull = socket('sock', true);

export const btf = (struct: string): Argument => ({ kind: 'btf', struct, nullable: false });
export const btfOrNull = (struct: string): Argument => ({ kind: 'btf', struct, nullable: true });

const dynptrOf = (
  state: DynptrArgument['state'],
  more: Pick<DynptrArgument, 'of'> & Partial<DynptrArgument>,
): Argument => ({ readOnly: false, release: false, ...more, kind: 'dynptr', state });
export const newDynptr = (of: 'local' | 'ringbuf'): Argument => dynptrOf('uninit', { of });
export const releasedRingDynptr: Argument = dynptrOf('initialised', { of: 'ringbuf', release: true });
export const dynptr: Argument = dynptrOf('initialised', {});
export const readableDynptr: Argument = dynptrOf('initialised', { readOnly: true });

export const nothing: Result = { kind: 'void' };
export const upToSize: Result = { kind: 'integer', range: 'size' };
export const cpu: Result = { kind: 'integer', range: 'cpu' };
export const mapValueResult: Result = { kind: 'mapValue', nullable: false };
export const mapValueOrNull: Result = { kind: 'mapValue', nullable: true };
export const acquiredSocketOrNull: Result = { kind: 'socket', of: 'sock', nullable: true, acquire: true };
export const acquiredSockCommonOrNull: Result = {
  kind: 'socket',
  of: 'sock_common',
  nullable: true,
  acquire: true,
};
export const socketOrNull: Result = { kind: 'socket', of: 'sock', nullable: true, acquire: false };
export const tcpSockOrNull: Result = { kind: 'socket', of: 'tcp_sock', nullable: true, acquire: false };
export const ringRecordOrNull: Result = { kind: 'ringRecord', nullable: true, acquire: true };
export const dynptrDataOrNull: Result = { kind: 'dynptrData', nullable: true };
export const kptrOrNull: Result = { kind: 'kptr', nullable: true, acquire: true };
export const perCpuVariable: Result = { kind: 'perCpuVariable', nullable: false };
export const perCpuVariableOrNull: Result = { kind: 'perCpuVariable', nullable: true };
export const btfResultOrNull = (struct: string): Result => ({
  kind: 'btf',
  struct,
  nullable: true,
  trusted: false,
});
export const trustedBtfResult = (struct: string): Result => ({
  kind: 'btf',
  struct,
  nullable: false,
  trusted: true,
});

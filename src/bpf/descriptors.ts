import { EBADF, EINVAL } from '../abi/maps.ts';
import { refuse } from './errors.ts';
import type { KernelObject, ObjectKind } from './objects.ts';

/** What a descriptor may be used for, where that is limited (BPF_F_RDONLY and BPF_F_WRONLY for maps). */
export interface Access {
  readonly read: boolean;
  readonly write: boolean;
}

const READ_WRITE: Access = { read: true, write: true };

interface Open {
  readonly object: KernelObject;
  readonly access: Access;
}

/** 0 to 2 are the process's streams. */
const FIRST = 3;

/** File descriptors: the lowest number that is free, as a process has them. */
export class Descriptors {
  readonly #open = new Map<number, Open>();

  get size(): number {
    return this.#open.size;
  }

  /** A new descriptor of the object; it holds a reference. */
  add(object: KernelObject, access: Access = READ_WRITE): number {
    let fd = FIRST;
    while (this.#open.has(fd)) fd++;
    object.addUser();
    this.#open.set(fd, { object, access });
    return fd;
  }

  /** @throws WebpfError -EBADF for a number that is no descriptor, -EINVAL for that of an object of another kind */
  get(command: string, fd: number, kind: ObjectKind): Open {
    const open = this.#open.get(fd) ?? refuse(command, EBADF, `${fd} is no open file descriptor`);
    if (open.object.kind === kind) return open;
    return refuse(command, EINVAL, `descriptor ${fd} is of a ${open.object.kind}, not of a ${kind}`);
  }

  any(command: string, fd: number): Open {
    return this.#open.get(fd) ?? refuse(command, EBADF, `${fd} is no open file descriptor`);
  }

  close(fd: number): KernelObject {
    const { object } = this.any('close', fd);
    this.#open.delete(fd);
    return object;
  }

  numbers(): number[] {
    return [...this.#open.keys()];
  }
}

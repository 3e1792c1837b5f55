import { EINVAL, EPERM } from '../../abi/maps.ts';
import { refuse } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { KernelObject } from '../objects.ts';
import type { ProgObject } from '../programs/prog.ts';

/** What a link is made between: a program, and a hook of the host's. */
export interface LinkParts {
  readonly prog: ProgObject;
  /** Name of the hook: an interface, a cgroup, a tracepoint: whatever the host fires. */
  readonly target: string;
  /** BPF_* in lower case. */
  readonly attachType: string;
}

/** A program that is attached to a hook for as long as somebody holds the link. */
export class LinkObject extends KernelObject {
  readonly kind = 'link';
  readonly target: string;
  readonly attachType: string;
  readonly #kernel: Kernel;
  #prog: ProgObject;

  constructor(kernel: Kernel, id: number, { prog, target, attachType }: LinkParts) {
    super(id);
    this.#kernel = kernel;
    this.#prog = prog;
    this.target = target;
    this.attachType = attachType;
    prog.hold();
    kernel.links.add(this);
    kernel.hooks.set(target, [...(kernel.hooks.get(target) ?? []), this]);
  }

  get prog(): ProgObject {
    return this.#prog;
  }

  get isAttached(): boolean {
    return (this.#kernel.hooks.get(this.target) ?? []).includes(this);
  }

  /** LINK_UPDATE: another program of the same type takes the place, between two events. */
  update(prog: ProgObject, old: ProgObject | undefined): void {
    if (old !== undefined && old !== this.#prog)
      refuse('LINK_UPDATE', EPERM, `the link is to program ${this.#prog.id}, not to ${old.id}`);
    const { type } = this.#prog.program;
    if (prog.program.type !== type)
      refuse('LINK_UPDATE', EINVAL, `a program of type ${prog.program.type} cannot replace one of ${type}`);
    prog.hold();
    this.#prog.drop();
    this.#prog = prog;
  }

  /** LINK_DETACH: the hook does without from now on; the link stays for those who hold it. */
  detach(): void {
    const left = (this.#kernel.hooks.get(this.target) ?? []).filter((one) => one !== this);
    if (left.length > 0) this.#kernel.hooks.set(this.target, left);
    else this.#kernel.hooks.delete(this.target);
  }

  protected override release(): void {
    this.detach();
    this.#kernel.links.remove(this.id);
    this.#prog.drop();
  }
}

/** What webpf's verifier says of a program. */
import { availableParallelism } from 'node:os';
import type { Proof } from '../../src/verifier/proof.ts';
import type { VerifyOptions } from '../../src/verifier/verification.ts';
import { Verifier } from '../../src/verifier/verify.ts';
import type { Subject } from './subject.ts';

export interface OurVerdict {
  readonly verdict: 'accept' | 'reject' | 'unsupported' | 'crash';
  readonly message: string;
  readonly proof: Proof | undefined;
  readonly insnsProcessed: number;
  readonly ms: number;
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ') : String(error);

const UNWRITTEN = /invalid (indirect )?read from stack/;

type Asked = Pick<Subject, 'program' | 'stateFreq'>;

export class Ours {
  readonly #verifier: Verifier;

  private constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  static async open(): Promise<Ours> {
    return new Ours(await Verifier.open());
  }

  verdict({ program, stateFreq }: Asked, options: VerifyOptions = {}): OurVerdict {
    const start = performance.now();
    try {
      const all = { ...options, stateFreq };
      const { verdict, rejection, proof, insnsProcessed, ms } = this.#verifier.verify(program, all);
      return { verdict, message: rejection?.reason ?? '', proof, insnsProcessed, ms };
    } catch (error) {
      const ms = performance.now() - start;
      return { verdict: 'crash', message: stackOf(error), proof: undefined, insnsProcessed: 0, ms };
    }
  }

  /** Whether it reads stack that it has not written: what it finds there differs between engines. */
  readsUnwritten(subject: Asked): boolean {
    return UNWRITTEN.test(this.verdict(subject, { perfmon: false }).message);
  }

  /** Whether it is accepted only for what Linux 6.18 does not know. */
  isBeyondLinux(subject: Asked): boolean {
    return this.verdict(subject, { likeLinux: true, cpus: availableParallelism() }).verdict === 'reject';
  }
}

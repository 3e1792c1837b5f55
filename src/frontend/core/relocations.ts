import { WebpfError } from '../../errors.ts';
import type { Btf, BtfExt, CoreRelocation } from '../btf/types.ts';
import type { Site } from '../externs.ts';
import { type CoreAnswer, type CoreSubject, coreAnswer } from './answer.ts';
import { Budget } from './budget.ts';
import type { Candidate, TargetTypes } from './target.ts';

/** What is asked again where it is needed, as it was then: the answer is an error, which says where. */
type Repeated = readonly Candidate[] | undefined;

/**
 * The CO-RE relocations of an object, answered once, in the order of .BTF.ext: which types come into question depends
 * on what was asked before (libbpf drops the candidates that did not fit).
 */
export class CoreRelocations {
  readonly target: TargetTypes;
  private readonly subject: CoreSubject;
  private readonly ext: BtfExt;
  private answers: ReadonlyMap<CoreRelocation, CoreAnswer | Repeated> | undefined;

  constructor(btf: Btf, ext: BtfExt, target: TargetTypes) {
    this.target = target;
    this.subject = { btf, target, budget: new Budget(), candidates: new Map() };
    this.ext = ext;
  }

  /** @throws WebpfError see coreAnswer() */
  answer(relocation: CoreRelocation, site: Site): CoreAnswer {
    this.answers ??= this.answerAll();
    const found = this.answers.get(relocation);
    if (found !== undefined && 'kind' in found) return found;
    const candidates = new Map(found && [[relocation.type, found]]);
    return coreAnswer({ ...this.subject, candidates }, relocation, site);
  }

  private answerAll(): Map<CoreRelocation, CoreAnswer | Repeated> {
    const answers = new Map<CoreRelocation, CoreAnswer | Repeated>();
    for (const [program, { core }] of this.ext) {
      for (const relocation of core) {
        const insn = Math.floor(relocation.offset / 8);
        answers.set(relocation, this.tryAnswer(relocation, { program, insn }));
      }
    }
    return answers;
  }

  private tryAnswer(relocation: CoreRelocation, site: Site): CoreAnswer | Repeated {
    try {
      return coreAnswer(this.subject, relocation, site);
    } catch (error) {
      if (!(error instanceof WebpfError)) throw error;
      return this.subject.candidates.get(relocation.type);
    }
  }
}

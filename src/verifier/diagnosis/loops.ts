/** Walks without an end. */
import type { Diagnosis, Explainers, Scene } from './scene.ts';

/** The conditional jump that the path has come by most often of late. */
function hottest(scene: Scene): { readonly slot: number; readonly count: number } | undefined {
  const { trace, code } = scene.walk;
  const counts = new Map<number, number>();
  for (let node = scene.walk.node; node !== 0; node = trace.previous(node)) {
    const slot = trace.insn(node);
    if (code.insns[slot]?.kind === 'jump') counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first === undefined ? undefined : { slot: first[0], count: first[1] };
}

function endless(scene: Scene): Diagnosis {
  return {
    summary: `${scene.where} is in a loop that comes round to exactly the same state: it may never end`,
    hint: 'let each round change something that the end of the loop depends on, such as a counter: `for (int i = 0; i < 16; i++)`',
  };
}

function tooLarge(scene: Scene, match: RegExpExecArray): Diagnosis {
  const found = hottest(scene);
  const isLoop = found !== undefined && found.count > 100;
  const where = isLoop
    ? `the loop at ${scene.at(found.slot)} was followed for ${found.count} rounds and had not ended`
    : 'there are too many paths through the program';
  return {
    summary: `${scene.where}: the verifier gave up after ${match[1]} instructions: ${where}`,
    hint: isLoop
      ? 'give the loop a smaller constant bound, or call its body by bpf_loop(), which is walked once'
      : 'join branches, or move code into global functions, which are verified once each',
  };
}

function tooComplex(scene: Scene, match: RegExpExecArray): Diagnosis {
  const found = hottest(scene);
  const where = found === undefined ? '' : `, most of them from ${scene.at(found.slot)}`;
  return {
    summary: `${scene.where}: ${match[1]} branches wait to be followed${where}, more than the verifier keeps`,
    hint: 'move parts of the program into functions of their own, or use bpf_loop() for loops with many branches',
  };
}

export const LOOPS: Explainers = [
  [/^infinite loop detected/, endless],
  [/^BPF program is too large. Processed (\d+) insn/, tooLarge],
  [/^The sequence of (\d+) jumps is too complex/, tooComplex],
];

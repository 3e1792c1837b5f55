/**
 * Lists where our verifier differs from the kernel, quicker than the tests do:
 * npm run corpus:differences -- [PART OF A FILE'S NAME …]
 */
import { verify } from '../../../src/verifier/verify.ts';
import { readCorpus } from './case.ts';
import { problems, saidOf } from './compare.ts';

const wanted = process.argv.slice(2);
const files = readCorpus().filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
let [asked, differing] = [0, 0];
for (const { name, cases } of files) {
  for (const one of cases) {
    const wrong = await saidOf(verify, one).then((said) => problems(one, said), String);
    asked++;
    if (wrong.length === 0) continue;
    differing++;
    console.log(`${name}:${one.line} ${one.name}\n    ${[wrong].flat().join('\n    ')}`);
  }
}
console.log(`${differing} of ${asked} cases differ`);

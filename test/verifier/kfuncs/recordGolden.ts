/**
 * As root: `node --import ./scripts/typescript/register.mjs test/verifier/kfuncs/recordGolden.ts` asks the kernel anew;
 * `npx biome check --write` brings the file into form.
 */
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { KernelJudge } from '../../kernel/kernel.ts';
import { askKernel, GOLDEN_FILE } from './golden.ts';

const judge = await KernelJudge.open();
if (typeof judge === 'string') throw new Error(judge);
const golden = await askKernel(judge, release());
writeFileSync(GOLDEN_FILE, `${JSON.stringify(golden, undefined, 2)}\n`);
judge.close();

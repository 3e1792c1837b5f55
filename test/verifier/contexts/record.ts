/**
 * Records what the kernel of this machine says of contexts, return values and attach types in linux.json (needs
 * root): node --import ./scripts/typescript/register.mjs test/verifier/contexts/record.ts
 */
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { KernelJudge } from '../../kernel/kernel.ts';
import { measureAll, RECORDING } from './recording.ts';

const judge = await KernelJudge.open();
if (typeof judge === 'string') throw new Error(judge);
const [kernel = ''] = release().split('-');
writeFileSync(RECORDING, `${JSON.stringify(await measureAll(judge, kernel), undefined, 2)}\n`);
judge.close();

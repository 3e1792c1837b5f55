/**
 * Writes docs/support.md, the table of what webpf supports, made from its code: the compiled runtime says which maps it
 * makes and which functions it has, the verifier which programs it takes, the sources' comments what a function does.
 *
 *   npm run support
 */
import { writeFileSync } from 'node:fs';
import { supportTable } from './support/table.ts';

writeFileSync(new URL('../docs/support.md', import.meta.url), await supportTable());

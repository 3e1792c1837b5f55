/** `node --import ./scripts/typescript/register.mjs FILE.ts`: runs TypeScript on Node 20, which cannot strip types. */
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url);

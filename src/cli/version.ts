import { readFileSync } from 'node:fs';

/** package.json stands two folders above both src/cli and dist/cli. */
const manifest = new URL('../../package.json', import.meta.url);

export const version: string = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;

/**
 * The compiled parts of webpf, which lie beside its code. Browsers fetch them; the module that reads files in Node has
 * its name in a variable, so that bundlers for browsers do not look for it.
 */
const FILE_SYSTEM = 'node:fs';

export async function readPart(url: URL): Promise<Uint8Array> {
  if (url.protocol === 'file:') {
    const { readFileSync } = (await import(FILE_SYSTEM)) as typeof import('node:fs');
    return readFileSync(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A checksum at the end of a module: tells whether it came back from a disk as it went there. */
import { WebpfError } from '../../errors.ts';
import { type Artifact, readArtifact } from '../../jit/artifact.ts';
import { crc32 } from '../../jit/checksum.ts';
import { appendSection, readSections, type Section } from '../../jit/wasm.ts';

const CHECKSUM = 'webpf.sum';

const checksum = (bytes: Uint8Array): Uint8Array => {
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, crc32(bytes), true);
  return sum;
};

export const sealBytes = (bytes: Uint8Array): Uint8Array => appendSection(bytes, CHECKSUM, checksum(bytes));

const broken = (what: string): WebpfError =>
  new WebpfError('bad-argument', `${what}: it is damaged, or not webpf's`, { stage: 'runtime' });

/**
 * The sections of a module before its checksum.
 * @throws WebpfError 'bad-argument' when the checksum is missing or another
 */
export function unsealedSections(bytes: Uint8Array): Section[] {
  const sections = readSections(bytes);
  const sum = sections.pop();
  if (sum?.name !== CHECKSUM || sum.end - sum.start !== 4) throw broken('its checksum is missing');
  const found = checksum(bytes.subarray(0, sum.at));
  if (found.every((byte, index) => bytes[sum.start + index] === byte)) return sections;
  throw broken('its checksum is another');
}

export const seal = ({ wasm }: Artifact): Uint8Array => sealBytes(wasm);

/** @throws WebpfError 'bad-argument' */
export function readSealed(bytes: Uint8Array): Artifact {
  const end = unsealedSections(bytes).at(-1)?.end ?? 0;
  return readArtifact(bytes.subarray(0, end));
}

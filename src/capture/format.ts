import { type Chunk, damaged, type RecordReader } from './packet.ts';
import { PCAP_MAGIC_NS, PCAP_MAGIC_US, PcapReader } from './pcap.ts';
import { PcapngReader, SECTION_HEADER } from './pcapng.ts';

/** Bytes that tell the format of a file. */
export const MAGIC_SIZE = 4;

/** The reader for a file, from its first four bytes. */
export function readerFor(chunk: Chunk): RecordReader {
  const { view } = chunk;
  if (view.byteLength < MAGIC_SIZE) {
    throw damaged(chunk, 0, `a file of ${view.byteLength} bytes is too short for a pcap or pcapng capture`);
  }
  const magic = view.getUint32(0, true);
  if (magic === SECTION_HEADER) return new PcapngReader();
  if (isPcap(magic)) return new PcapReader(true);
  if (isPcap(view.getUint32(0, false))) return new PcapReader(false);
  throw damaged(chunk, 0, `neither pcap nor pcapng: the file begins with ${hexBytes(chunk)}${hint(magic)}`);
}

const isPcap = (magic: number): boolean => magic === PCAP_MAGIC_US || magic === PCAP_MAGIC_NS;

const hexBytes = ({ bytes }: Chunk): string =>
  Array.from(bytes.subarray(0, MAGIC_SIZE), (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** What a file that people take for a capture may be. */
function hint(magic: number): string {
  if ((magic & 0xffff) === 0x8b1f) return ' (gzip: unpack it first)';
  if (magic === 0xfd2fb528) return ' (zstd: unpack it first)';
  if (magic === 0x464c457f) return ' (an ELF object)';
  return '';
}

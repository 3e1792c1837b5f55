/** Capture files: pcap and pcapng in, pcap out. */
export { type Capture, type CaptureOptions, openCapture } from './open.ts';
export type { CapturedPacket, CaptureFormat } from './packet.ts';
export type { CaptureSource } from './source.ts';
export { type CaptureBatch, type ReadCaptureOptions, readCapture } from './stream.ts';
export { type PacketToWrite, pcapHeader, pcapRecord, type WritePcapOptions, writePcap } from './write.ts';

import { WebpfError } from '../../errors.ts';
import type { MapSpec } from '../program.ts';

/** A map at its place in the object: programs refer to it by section and offset. */
export interface MapEntry {
  readonly name: string;
  /** Section number. */
  readonly section: number;
  /** Bytes from the start of the section. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** The definition, or why it cannot be used: only the programs that need the map suffer. */
  readonly spec: MapSpec | WebpfError;
}

export const badMap = (name: string, message: string): WebpfError =>
  new WebpfError('bad-map', `map '${name}': ${message}`, { stage: 'frontend', subject: name });

/** Runs `read`, turning a WebpfError into the entry's. */
export function definitionOf(read: () => MapSpec): MapSpec | WebpfError {
  try {
    return read();
  } catch (error) {
    if (error instanceof WebpfError) return error;
    throw error;
  }
}

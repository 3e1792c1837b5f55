import type { Command } from 'commander';
import type { Io } from './io.ts';

/** Wraps what a command does, which gives back the exit status. */
export type Action = <A extends unknown[]>(
  handler: (...given: A) => number | Promise<number>,
) => (...given: A) => Promise<void>;

/** Adds a command to the command line. */
export type Register = (cli: Command, io: Io, action: Action) => void;

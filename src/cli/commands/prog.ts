import { PROG_COMMANDS } from '../pins/programs.ts';
import { registerPins } from '../pins/register.ts';

const GRAMMAR = `Commands:
  webpf prog { show | list } [PROG]
  webpf prog dump xlated PROG [file FILE | opcodes]
  webpf prog { load | loadall } OBJECT PIN [type TYPE] [map { idx N | name NAME } MAP] … [pinmaps PIN]
  webpf prog pin PROG PIN
  webpf prog unpin PIN
  webpf prog run PROG [data_in FILE] [data_out FILE] [ctx_in FILE] [ctx_out FILE] [repeat N]

  PROG := id N | pinned PIN | name NAME | tag TAG      MAP := id N | pinned PIN | name NAME
  PIN is a name in the directory of pins, with slashes; FILE is - for standard input or output.`;

export const prog = registerPins(
  'prog',
  'work on pinned programs, as bpftool prog does',
  GRAMMAR,
  PROG_COMMANDS,
);

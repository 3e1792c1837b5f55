import { MAP_COMMANDS } from '../pins/maps.ts';
import { registerPins } from '../pins/register.ts';

const GRAMMAR = `Commands:
  webpf map { show | list } [MAP]
  webpf map create   FILE type TYPE key BYTES value BYTES entries N name NAME [flags N] [inner_map MAP]
  webpf map dump     MAP
  webpf map update   MAP [key DATA] value VALUE [any | exist | noexist]
  webpf map lookup   MAP key DATA
  webpf map getnext  MAP [key DATA]
  webpf map delete   MAP key DATA
  webpf map pin      MAP FILE
  webpf map unpin    FILE
  webpf map freeze   MAP
  webpf map { push | enqueue } MAP value VALUE
  webpf map { peek | pop | dequeue } MAP

  MAP := id N | pinned FILE | name NAME      DATA := [hex] BYTES      VALUE := DATA | MAP | PROG
  FILE is a name in the directory of pins, with slashes.`;

export const map = registerPins('map', 'work on pinned maps, as bpftool map does', GRAMMAR, MAP_COMMANDS);

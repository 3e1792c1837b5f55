import { describe, expect, it } from 'vitest';
import { exercise } from './exercise.ts';
import { mutate, seeded } from './mutate.ts';
import { objectBytes } from './objects.ts';

const FILES = [
  'maps.o',
  'calls.v3.o',
  'data.v4.o',
  'needs.o',
  'types.o',
  'legacy.o',
  'text.o',
  'sections.o',
  'kfuncs.o',
  'core.o',
];

describe('damaged objects', () => {
  // A slice of scripts/fuzz-loader.ts, which runs as long as one likes.
  it.each(FILES)('%s: 300 of them open or are refused with a WebpfError', (name) => {
    const bytes = objectBytes(name);
    let refused = 0;
    for (let seed = 0; seed < 300; seed++) {
      if (exercise(mutate(bytes, seeded(seed)), name) === undefined) refused++;
    }
    expect(refused).toBeGreaterThan(100);
  });
});

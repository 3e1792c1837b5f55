import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WebpfError } from '../../../src/errors.ts';
import { decodePlain } from '../../../src/runtime/artifacts/decode.ts';
import { encodePlain } from '../../../src/runtime/artifacts/encode.ts';

const key = fc.oneof(fc.string(), fc.constant('__proto__'));

const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(undefined, null, true, false, -0, Number.NaN, 2 ** 53, -(2 ** 53) + 1, '\ufeffé'),
    fc.integer(),
    fc.double(),
    fc.bigInt({ min: -(1n << 64n), max: 1n << 64n }),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('plain')),
    fc.dictionary(key, tie('plain'), { noNullPrototype: true }),
    fc.array(fc.tuple(tie('plain'), tie('plain'))).map((entries) => new Map(entries)),
  ),
}));

it('what is written is read', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(decodePlain(encodePlain(value))).toEqual(value);
    }),
  );
});

it('writes what is referred to twice once', () => {
  const shared = { types: ['a', 'b'] };
  const read = decodePlain(encodePlain({ first: shared, maps: [{ btf: shared }] }));
  expect(read).toEqual({ first: shared, maps: [{ btf: shared }] });
  const { first, maps } = read as { first: object; maps: { btf: object }[] };
  expect(maps[0]?.btf).toBe(first);
});

it.each([[() => 1], [new Date()], [{ inner: [Symbol('x')] }]])('refuses %s', (value) => {
  expect(() => encodePlain(value)).toThrow(/is no plain data/);
});

it('refuses damaged bytes, or reads other data, and does no other harm', () => {
  const bytes = encodePlain({
    name: 'x',
    list: [1, -2, 3.5, 4n, new Map([['a', 'a']])],
    data: new Uint8Array(9),
  });
  const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.integer({ min: 0, max: 255 }) });
  const damage = fc.tuple(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(bytes.length));
  fc.assert(
    fc.property(damage, ([changes, length]) => {
      const broken = bytes.slice(0, length);
      for (const { at, value } of changes) if (at < length) broken[at] = value;
      try {
        decodePlain(broken);
      } catch (error) {
        expect(error).toBeInstanceOf(WebpfError);
      }
    }),
    { numRuns: 2000 },
  );
});

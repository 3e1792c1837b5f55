import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type LinkOptions, open } from '../../src/index.ts';
import { engines, ethernet } from '../api/build.ts';

const FILE = fileURLToPath(new URL('../objects/kconfig.o', import.meta.url));
const CONFIG = `# a comment
CONFIG_HZ=250
CONFIG_BPF=y
CONFIG_XFS_FS=m
CONFIG_MODULES=y
CONFIG_BASE=0x700000001
CONFIG_LOCALVERSION="-xy"
# CONFIG_NOTHING is not set
`;
const options: LinkOptions = { kconfig: CONFIG, ksyms: { known: 0x9_0000_0000n } };

describe.each(engines)('values of the host in %s', (engine) => {
  const run = async (name: string, link: LinkOptions = options) => {
    using object = await open(FILE, { engine, ...link });
    return Number((await object.program(name)).run(ethernet(0)).r0);
  };

  it.each([
    ['version', 0x061200],
    ['hz', 250],
    ['letters', 1000 + 2 * 200 + 'y'.charCodeAt(0)],
    ['wide', 7],
    ['text', 'x'.charCodeAt(0)],
    ['absent', 5],
    ['address', 9],
    ['weak', 2],
  ])('%s', async (name, expected) => {
    expect(await run(name)).toBe(expected);
  });

  it('are given as an object, too', async () => {
    expect(await run('hz', { kconfig: { CONFIG_HZ: 1000, LINUX_KERNEL_VERSION: 5 } })).toBe(1000);
    expect(await run('version', { kconfig: { CONFIG_HZ: 1, LINUX_KERNEL_VERSION: 5 } })).toBe(5);
  });
});

describe('values that nobody gave', () => {
  it.each([
    ['hz', /CONFIG_HZ.*not known: give it with the option "kconfig"/],
    ['address', /'known'.*not known: give its address with the option "ksyms"/],
  ])('%s', async (name, message) => {
    using object = await open(FILE);
    await expect(object.program(name)).rejects.toThrow(message);
  });

  it('must fit', async () => {
    await expect(open(FILE, { kconfig: { CONFIG_HZ: 2 ** 40 } })).rejects.toThrow(
      /kconfig CONFIG_HZ: its value/,
    );
  });
});

/** The tools of Node, each loaded when it is needed first. */
import { DiskCache } from './cache/disk.ts';
import { provideTools } from './tools.ts';

provideTools({
  translate: async (...given) => (await import('../jit/translate.ts')).translate(...given),
  openCache: async (directory) => new DiskCache(directory),
  optimizer: async () => (await import('./tiers/client.ts')).optimizer,
});

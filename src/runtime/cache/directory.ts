import { homedir } from 'node:os';
import { join } from 'node:path';

/** The variables of the environment that say where caches are. */
export interface CacheEnvironment {
  readonly WEBPF_CACHE_DIR?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
  readonly LOCALAPPDATA?: string | undefined;
}

function platformCaches({ XDG_CACHE_HOME, LOCALAPPDATA }: CacheEnvironment): string {
  if (XDG_CACHE_HOME) return XDG_CACHE_HOME;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  return join(homedir(), '.cache');
}

/** Where the command line keeps translations: WEBPF_CACHE_DIR, else `webpf` in the platform's directory for caches. */
export const cacheDirectory = (env: CacheEnvironment): string =>
  env.WEBPF_CACHE_DIR || join(platformCaches(env), 'webpf');

#!/usr/bin/env node
import module from 'node:module';

// Node 22 and later keep the compiled form of what is loaded after this.
if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function')
  module.enableCompileCache();
await import('./start.ts');

import module from 'node:module';
import { apiSymbolName } from './module-entry.js';
import type * as moduleHooks from './module-hooks.js';

/**
 * Teaches Node.js, in this thread, what it needs to know to import plugins. `hooks` is the URL of the bundle's entry with the hooks: it
 * brings the TypeScript parser, which nobody without plugins should pay for.
 */
export async function prepareThread(hooks: string): Promise<void> {
  const api = await import('../plugin-api.js');
  Object.assign(globalThis, { [Symbol.for(apiSymbolName)]: api });
  const names = Object.keys(api);
  const { registerHooks } = module as { readonly registerHooks?: (hooks: unknown) => void };
  if (registerHooks === undefined) {
    module.register(hooks, { data: names });
    return;
  }
  const { synchronousHooks } = (await import(hooks)) as typeof moduleHooks;
  registerHooks(synchronousHooks(names));
}

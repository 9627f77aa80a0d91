import module from 'node:module';
import { apiSymbolName, type EntryRequest, entrySpecifier } from './module-entry.js';
import type * as moduleHooks from './module-hooks.js';

/** Imports a plugin's first module afresh: every generation has module instances of its own. */
export type ImportPluginModule = (request: EntryRequest) => Promise<Readonly<Record<string, unknown>>>;

let prepared: Promise<void> | undefined;

/** Through Node.js itself, which is taught what it needs to know on the first import. */
export const importPluginModule: ImportPluginModule = async (request) => {
  prepared ??= prepare();
  await prepared;
  return (await import(entrySpecifier(request))) as Readonly<Record<string, unknown>>;
};

async function prepare(): Promise<void> {
  const api = await import('../plugin-api.js');
  Object.assign(globalThis, { [Symbol.for(apiSymbolName)]: api });
  const names = Object.keys(api);
  // Beside the bundle, as an entry of its own: it brings the TypeScript parser, which nobody without plugins should pay for.
  const hooks = new URL('./plugin-module-hooks.js', import.meta.url).href;
  const { registerHooks } = module as { readonly registerHooks?: (hooks: unknown) => void };
  if (registerHooks === undefined) {
    module.register(hooks, { data: names });
    return;
  }
  const { synchronousHooks } = (await import(hooks)) as typeof moduleHooks;
  registerHooks(synchronousHooks(names));
}

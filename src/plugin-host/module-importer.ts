import { type EntryRequest, entrySpecifier } from './module-entry.js';
import { prepareThread } from './module-preparation.js';
import { type TrialOptions, tryModule } from './module-trial.js';

/** Imports a plugin's first module afresh: every generation has module instances of its own. */
export interface ImportPluginModule {
  (request: EntryRequest): Promise<Readonly<Record<string, unknown>>>;
  /**
   * Finds out first, without harm to the program, whether importing the module would hang it or end it. Rejects with `TrialFailed` then.
   * What the module throws is not told: the import proper throws it again. Left out where modules are at hand.
   */
  readonly trial?: (request: EntryRequest, options: TrialOptions) => Promise<void>;
}

// Beside the bundle, as an entry of its own.
const hooks = new URL('./plugin-module-hooks.js', import.meta.url).href;
let prepared: Promise<void> | undefined;

/** Through Node.js itself, which is taught what it needs to know on the first import. */
export const importPluginModule: ImportPluginModule = Object.assign(
  async (request: EntryRequest) => {
    prepared ??= prepareThread(hooks);
    await prepared;
    return (await import(entrySpecifier(request))) as Readonly<Record<string, unknown>>;
  },
  { trial: (request: EntryRequest, options: TrialOptions) => tryModule({ request, hooks }, options) },
);

import type { EntryRequest } from './module-entry.js';

/** What a trial is about. */
export interface ModuleToTry {
  readonly request: EntryRequest;
  /** URL of the bundle's entry that has the hooks, and runs trials in a process of its own. */
  readonly hooks: string;
}

/** Set for the process of a trial: by it the process knows that it is one, and a plugin may. */
export const trialVariable = 'BERTH_PLUGIN_TRIAL';

/** What the process of a trial says. */
export type TrialMessage =
  /** The process is ready, and waits for what to try. */
  | { readonly kind: 'ready' }
  /** Said again and again, whenever the module lets others run. */
  | { readonly kind: 'idle' }
  /** The import has come to an end, be it with an error. */
  | { readonly kind: 'ended' }
  /** The module makes a call, such as `process.exit(1)`, that ends its process. */
  | { readonly kind: 'exits'; readonly call: string; readonly stack: string };

/** How often a process says that it is idle. */
export const idleIntervalMs = 200;

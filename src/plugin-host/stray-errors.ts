import { filesInStack, type PluginFrame, pluginFrame } from './module-url.js';

/** What the stack of an error says of where it comes from. */
export interface StrayOrigin {
  /** The innermost place in a plugin's own files. */
  readonly frame: PluginFrame | undefined;
  /** All files, innermost first: none where the error was made by Node.js alone, or is no `Error`. */
  readonly files: readonly string[];
}

/** Is told of an error that nobody handled, and answers whether it is a plugin's. */
type Watcher = (error: unknown, origin: StrayOrigin) => boolean;

const watchers = new Set<Watcher>();

/** From now on `watcher` is told of errors that nobody handled: a rejection that nobody waits for, a throw in a timer. */
export function watchStrayErrors(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** True when an error that nobody handled came out of a plugin: then it was reported, and is no reason to end the process. */
export function isPluginsStrayError(error: unknown): boolean {
  const frame = pluginFrame(error);
  const origin = { frame, files: filesInStack(error) };
  let claimed = frame !== undefined;
  for (const watcher of watchers) if (watcher(error, origin)) claimed = true;
  return claimed;
}

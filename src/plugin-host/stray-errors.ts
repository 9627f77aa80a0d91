import { type PluginFrame, pluginFrame } from './module-url.js';

type Watcher = (error: unknown, frame: PluginFrame) => void;

const watchers = new Set<Watcher>();

/** From now on `watcher` is told of errors that a plugin let go of: a rejection that nobody handles, a throw in a timer. */
export function watchStrayErrors(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** True when an error that nobody handled came out of a plugin: then it was reported, and is no reason to end the process. */
export function isPluginsStrayError(error: unknown): boolean {
  const frame = pluginFrame(error);
  if (frame === undefined) return false;
  for (const watcher of watchers) watcher(error, frame);
  return true;
}

/** Who wants to hear of a signal, in the order in which they asked. One listener for each signal, however many they are. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` once when the signal fires; the returned function takes that back. For code that runs for every request with the
 * same long-lived signal: an `EventTarget` takes microseconds to add a listener, and walks through all of them to remove one.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let waiting = listeners.get(signal);
  if (waiting === undefined) {
    waiting = new Set();
    listeners.set(signal, waiting);
    signal.addEventListener('abort', () => tellAll(signal), { once: true });
  }
  // Two may ask with the same function.
  const entry = (): void => callback();
  waiting.add(entry);
  const all = waiting;
  return () => all.delete(entry);
}

function tellAll(signal: AbortSignal): void {
  const waiting = listeners.get(signal);
  listeners.delete(signal);
  for (const callback of waiting ?? []) callback();
}

/**
 * Preloaded into every thread of the Berth that is soaked. Whoever connects to the socket that `BERTH_SOAK_PROBE` names is told what
 * each thread holds on to once all garbage is collected, and what keeps its event loop alive.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';
import type { ThreadState } from './thread-state.js';

type Message =
  | { readonly kind: 'here'; readonly thread: number }
  | { readonly kind: 'look' }
  | { readonly kind: 'state'; readonly state: ThreadState };

const answersWithinMs = 5_000;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const channel = new BroadcastChannel('berth-soak-probe');
const say = (message: Message): void => channel.postMessage(message);
const hear = (listener: (message: Message) => void): void => {
  channel.onmessage = (event) => listener((event as { data: Message }).data);
  channel.unref();
};

function stateOfThread(): ThreadState {
  collect();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { thread: threadId, heapBytes: process.memoryUsage().heapUsed, handles };
}

function answerInWorker(): void {
  hear(({ kind }) => {
    if (kind === 'look') say({ kind: 'state', state: stateOfThread() });
  });
  say({ kind: 'here', thread: threadId });
}

function serveFromMainThread(path: string): void {
  const workers = new Set<number>();
  let answers: ThreadState[] = [];
  hear((message) => {
    if (message.kind === 'here') workers.add(message.thread);
    if (message.kind === 'state') answers.push(message.state);
  });
  const allStates = async (): Promise<ThreadState[]> => {
    answers = [];
    say({ kind: 'look' });
    const own = stateOfThread();
    for (let waited = 0; answers.length < workers.size && waited < answersWithinMs; waited += 10)
      await sleep(10);
    return [own, ...answers.toSorted((a, b) => a.thread - b.thread)];
  };
  const server = createServer(async (socket) => {
    socket.on('error', () => undefined);
    socket.end(JSON.stringify(await allStates()));
    await once(socket, 'close').catch(() => undefined);
  });
  server.listen(path).unref();
}

const { BERTH_SOAK_PROBE: path } = process.env;
if (!isMainThread) answerInWorker();
else if (path !== undefined) serveFromMainThread(path);

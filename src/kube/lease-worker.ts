/**
 * Entry of the thread that holds the lease. It has its own connection, so that neither a long scheduling cycle nor a
 * full connection pool can make a renewal late.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ApiClient } from './api-client.js';
import { loadCredentials } from './credentials.js';
import { type ElectionOutcome, LeaseElector, type LeaseEvent } from './lease-elector.js';
import { postLeaderEvent } from './lease-event.js';
import type { LeaseWorkerCommand, LeaseWorkerData, LeaseWorkerMessage } from './lease-worker-protocol.js';
import { userAgent } from './user-agent.js';
import { LeaseFence } from './write-fence.js';

const say = (message: LeaseWorkerMessage): void => parentPort?.postMessage(message);

async function elect(data: LeaseWorkerData, signal: AbortSignal): Promise<ElectionOutcome> {
  const { connection, settings, component } = data;
  const fence = new LeaseFence(data.fence);
  const client = new ApiClient(loadCredentials(connection), {
    userAgent: userAgent('leader-election'),
    connections: 2,
  });
  const announce = (event: LeaseEvent): void => {
    say(event);
    if (event.kind !== 'acquired') return;
    postLeaderEvent(client, settings, event, { component, signal }).catch((error: unknown) => {
      say({ kind: 'leader-event-failed', message: messageOf(error) });
    });
  };
  try {
    return await new LeaseElector(client, settings, fence, { onEvent: announce }).run({ signal });
  } finally {
    fence.close();
    await client.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const stop = new AbortController();
parentPort?.on('message', (command: LeaseWorkerCommand) => {
  if (command.kind === 'release') stop.abort();
});
try {
  say({ kind: 'ended', outcome: await elect(workerData as LeaseWorkerData, stop.signal) });
} catch (error) {
  say({ kind: 'failed', message: messageOf(error) });
} finally {
  parentPort?.close();
}

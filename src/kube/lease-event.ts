import { type Clock, systemClock } from '../clock.js';
import type { LeaseSettings } from './lease.js';
import type { ApiTransport } from './transport.js';

export interface LeaderEventOptions {
  /** Who reports, for example `berth`. */
  readonly component: string;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Writes `<identity> became leader` as an event of the Lease: a core/v1 event, which is where `kubectl describe lease`
 * and those who follow elections look. Rejects with `ApiError`; an election does not depend on it.
 */
export async function postLeaderEvent(
  transport: ApiTransport,
  settings: LeaseSettings,
  lease: { readonly uid: string; readonly resourceVersion: string },
  options: LeaderEventOptions,
): Promise<void> {
  const { namespace, name, identity } = settings;
  const now = (options.clock ?? systemClock).now();
  const timestamp = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  await transport.request({
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${(BigInt(now) * 1_000_000n).toString(16)}`, namespace },
      involvedObject: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        namespace,
        name,
        uid: lease.uid,
        resourceVersion: lease.resourceVersion,
      },
      type: 'Normal',
      reason: 'LeaderElection',
      message: `${identity} became leader`,
      source: { component: options.component },
      reportingComponent: options.component,
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
      count: 1,
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

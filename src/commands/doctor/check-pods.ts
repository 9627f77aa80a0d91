import { type Lease, leaseHolder } from '../../kube/lease.js';
import type { Examination } from './examination.js';
import { type Finding, ok, warn } from './finding.js';

interface PodList {
  readonly metadata?: { readonly remainingItemCount?: number };
  readonly items: readonly {
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly spec: { readonly schedulingGates?: readonly unknown[] };
  }[];
}

/** Pods that wait for Berth, by name of the scheduler, and whether somebody is there to place them. */
export async function checkPods(examination: Examination): Promise<Finding[]> {
  const { configuration } = examination;
  const isServed = await isScheduling(examination);
  return Promise.all(
    configuration.profiles.map(async ({ schedulerName }) => {
      const check = `pods of ${schedulerName}`;
      const { waiting, gated } = await countWaiting(schedulerName, examination);
      const gates = gated === 0 ? '' : `, ${gated} more have scheduling gates`;
      if (waiting === 0) return ok(check, `none waits${gates}`);
      const text = `${waiting} ${waiting === 1 ? 'waits' : 'wait'}${gates}`;
      if (isServed)
        return warn(
          check,
          `${text}; their events tell why`,
          'kubectl get events -A --field-selector reason=FailedScheduling',
        );
      return warn(
        check,
        `${text}, and nobody holds the lease to place them`,
        'kubectl -n berth-system rollout status deployment/berth',
      );
    }),
  );
}

async function countWaiting(
  schedulerName: string,
  { transport, signal }: Examination,
): Promise<{ readonly waiting: number; readonly gated: number }> {
  const { items, metadata } = await transport.request<PodList>({
    method: 'GET',
    path: '/api/v1/pods',
    query: {
      fieldSelector: `spec.schedulerName=${schedulerName},spec.nodeName=,status.phase=Pending`,
      limit: 500,
    },
    signal,
  });
  const gated = items.filter(({ spec }) => (spec.schedulingGates?.length ?? 0) > 0).length;
  return { waiting: items.length - gated + (metadata?.remainingItemCount ?? 0), gated };
}

/** Whether a replica holds the Lease. Without leader election it cannot be known, and is believed. */
async function isScheduling({ configuration, transport, now, signal }: Examination): Promise<boolean> {
  const { leaderElect, resourceNamespace: namespace, resourceName: name } = configuration.leaderElection;
  if (!leaderElect) return true;
  const lease = await transport
    .request<Lease>({
      method: 'GET',
      path: `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`,
      signal,
    })
    .catch(() => undefined);
  if (lease === undefined || leaseHolder(lease) === '') return false;
  const validUntil =
    Date.parse(lease.spec?.renewTime ?? '') + (lease.spec?.leaseDurationSeconds ?? 0) * 1_000;
  return now() <= validUntil;
}

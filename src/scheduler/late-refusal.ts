import type { ClusterState } from '../cluster/cluster-state.js';
import { Cycle } from '../framework/cycle.js';
import { kubeSchedulerPlugins } from '../framework/kube-scheduler-plugins.js';
import type { Profile } from '../framework/profile.js';
import { statusMessage } from '../framework/status.js';
import type { PodReference } from '../kube/pod-api.js';
import { EvaluationSpace } from './evaluation-space.js';
import { FilterPass } from './filter-pass.js';
import type { Nominations } from './nominations.js';
import { runPreFilters } from './pre-filter-pass.js';

export interface LateRefusalOptions {
  readonly cluster: ClusterState;
  /** By scheduler name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly nominations: Nominations;
}

const space = new EvaluationSpace();

/**
 * Why a pod that is assumed on a node would not be let onto it now; undefined when it would. To be asked before a binding that had to
 * wait: others may have filled, tainted or cordoned the node meanwhile. Pods for which something was reserved, volumes or what a
 * plugin of one's own holds, are let pass: it would stand in their own way.
 */
export function lateRefusal(
  { uid }: PodReference,
  { cluster, profiles, nominations }: LateRefusalOptions,
): string | undefined {
  const assumed = cluster.pod(uid);
  const profile = assumed && profiles.get(assumed.schedulerName);
  const slot = assumed && cluster.nodes.slotOf(assumed.nodeName);
  if (assumed === undefined || profile === undefined || slot === undefined) return undefined;
  if (!cluster.isAssumed(uid) || assumed.spec.volumes.length > 0) return undefined;
  if (profile.reserve.some(({ name }) => !kubeSchedulerPlugins.has(name))) return undefined;
  const cycle = new Cycle({ ...assumed, nodeName: '' }, cluster.nodes);
  try {
    const preFilter = runPreFilters(cycle, profile);
    if (preFilter.kind === 'rejected') return statusMessage(preFilter.status);
    const pass = new FilterPass({ cycle, profile, space, skipped: preFilter.skipped, nominations });
    const status = pass.onBorrowedRow(slot, (row) => {
      row.leaveOut(assumed);
      return pass.refusalOf(row);
    });
    return status && statusMessage(status);
  } catch {
    // A plugin that breaks down has had its say when the pod was placed.
    return undefined;
  }
}

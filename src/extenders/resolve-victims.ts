import type { NodeTable } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';
import type { Candidate } from '../plugins/default-preemption/candidate.js';
import type { NamedVictims } from './preempt-wire.js';

export interface VictimContext {
  readonly extender: string;
  readonly ignorable: boolean;
  readonly preemptor: Pod;
  readonly nodes: NodeTable;
  /** Pods that were on the nodes when the extender was asked, by node name. */
  readonly asked: ReadonlyMap<string, ReadonlySet<string>>;
}

export type ResolvedVictims =
  | { readonly kind: 'resolved'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'failed'; readonly message: string };

/** UIDs of the pods on the candidates' nodes: who was there and is gone when the answer comes has left, and was no invention. */
export function podsByNode(
  candidates: readonly Candidate[],
  nodes: NodeTable,
): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(candidates.map(({ nodeName, slot }) => [nodeName, new Set(nodes.podsAt(slot).keys())]));
}

/** The candidates that are left after a while, with those victims that are still there. */
export function asTheyAreNow(candidates: readonly Candidate[], nodes: NodeTable): readonly Candidate[] {
  return candidates.flatMap((candidate) => {
    const slot = slotOf(candidate.nodeName, nodes);
    if (slot === undefined) return [];
    const onNode = nodes.podsAt(slot);
    const victims = candidate.victims.flatMap(({ uid }) => onNode.get(uid) ?? []);
    return victims.length === 0 ? [] : [{ ...candidate, slot, victims }];
  });
}

/**
 * Candidates out of what an extender named, on the nodes as they are now. Nodes and pods that have gone meanwhile are left out; what
 * was never there is a lie. Unlike in kube-scheduler, a pod that is not less important than the preemptor is no victim, whoever names it.
 */
export function resolveVictims(
  named: ReadonlyMap<string, NamedVictims>,
  context: VictimContext,
): ResolvedVictims {
  const candidates: Candidate[] = [];
  for (const [nodeName, { uids, budgetViolations }] of named) {
    if (uids.length === 0) {
      if (context.ignorable) continue;
      return failed(`expected at least one victim pod on node ${JSON.stringify(nodeName)}`);
    }
    const slot = slotOf(nodeName, context.nodes);
    const victims: Pod[] = [];
    for (const uid of new Set(uids)) {
      const pod = slot === undefined ? undefined : context.nodes.podsAt(slot).get(uid);
      // Kube-scheduler shows the UID in this dress.
      const claim = `extender: ${context.extender} claims to preempt pod (UID: &{${uid}}) on node: ${nodeName}`;
      if (pod === undefined) {
        if (context.asked.get(nodeName)?.has(uid)) continue;
        return failed(`${claim}, but the pod is not found on that node`);
      }
      if (pod.priority >= context.preemptor.priority)
        return failed(`${claim}, but the pod is not less important`);
      victims.push(pod);
    }
    if (slot !== undefined && victims.length > 0)
      candidates.push({ slot, nodeName, victims, budgetViolations });
  }
  return { kind: 'resolved', candidates };
}

/** Undefined for a node that is gone, also while pods still name it. */
function slotOf(nodeName: string, nodes: NodeTable): number | undefined {
  const slot = nodes.slotOf(nodeName);
  return slot === undefined || nodes.nodeAt(slot) === undefined ? undefined : slot;
}

function failed(message: string): ResolvedVictims {
  return { kind: 'failed', message };
}

import type { NodeTable } from '../../cluster/node-table.js';
import type { Pod } from '../../cluster/pod.js';
import type { HypotheticalNode, HypotheticalNodes } from '../../framework/plugin.js';
import { type Status, unresolvable } from '../../framework/status.js';
import type { BudgetLedger } from './budget-ledger.js';
import type { Candidate } from './candidate.js';
import { byImportance } from './importance.js';

export type Trial =
  | { readonly kind: 'candidate'; readonly candidate: Candidate }
  /** Preemption does not help here. */
  | { readonly kind: 'refused'; readonly status: Status };

const nobodyToPreempt: Trial = {
  kind: 'refused',
  status: unresolvable('No preemption victims found for incoming pod'),
};

export interface TrialInput {
  readonly pod: Pod;
  readonly nodes: NodeTable;
  readonly hypothetical: HypotheticalNodes;
  readonly budgets: BudgetLedger;
}

/**
 * Which pods have to leave a node so that the pod fits: all less important ones are taken away, then as many as possible are put back,
 * those protected by disruption budgets first, and among them the most important first. Throws when a plugin fails over the node without
 * them, and when the pod fits although all others are back.
 */
export function tryNode(slot: number, { pod, nodes, hypothetical, budgets }: TrialInput): Trial {
  const weaker = weakerPods(nodes.podsAt(slot), pod);
  if (weaker.length === 0) return nobodyToPreempt;
  return hypothetical.try(slot, (node) => {
    for (const other of weaker) node.remove(other);
    const status = node.refusal();
    if (status !== undefined) return { kind: 'refused', status };
    const { victims, budgetViolations } = reprieve(node, weaker.sort(byImportance), budgets);
    const nodeName = nodes.nameAt(slot);
    if (victims.length === 0) throw new Error(`expected at least one victim pod on node "${nodeName}"`);
    return { kind: 'candidate', candidate: { slot, nodeName, victims, budgetViolations } };
  });
}

function weakerPods(pods: ReadonlyMap<string, Pod>, { priority }: Pod): Pod[] {
  const weaker: Pod[] = [];
  for (const other of pods.values()) if (other.priority < priority) weaker.push(other);
  return weaker;
}

/** `removed` is sorted by importance. */
function reprieve(
  node: HypotheticalNode,
  removed: readonly Pod[],
  budgets: BudgetLedger,
): Pick<Candidate, 'victims' | 'budgetViolations'> {
  const protectedPods: Pod[] = [];
  const others: Pod[] = [];
  budgets.begin();
  for (const pod of removed) (budgets.isViolatedBy(pod) ? protectedPods : others).push(pod);
  const victims = protectedPods.filter((pod) => !canStay(node, pod));
  const budgetViolations = victims.length;
  for (const pod of others) if (!canStay(node, pod)) victims.push(pod);
  if (protectedPods.length > 0 && others.length > 0) victims.sort(byImportance);
  return { victims, budgetViolations };
}

/**
 * Puts a pod back on the node, and takes it away again when the pod at hand does not fit beside it. A plugin that fails over the pod that
 * was put back stands in the way as well, as in kube-scheduler.
 */
function canStay(node: HypotheticalNode, pod: Pod): boolean {
  node.add(pod);
  if (fits(node)) return true;
  node.remove(pod);
  return false;
}

function fits(node: HypotheticalNode): boolean {
  try {
    return node.refusal() === undefined;
  } catch {
    return false;
  }
}

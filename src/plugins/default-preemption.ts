import { Action } from '../cluster/action.js';
import type { Pod } from '../cluster/pod.js';
import type { DefaultPreemptionArgs } from '../config/plugin-args.js';
import type { Hint } from '../framework/cluster-event.js';
import type { Cycle } from '../framework/cycle.js';
import { fitText } from '../framework/fit-text.js';
import type {
  HypotheticalNodes,
  PostFilterResult,
  PreEnqueuePlugin,
  Rejections,
} from '../framework/plugin.js';
import type { PluginHandle } from '../framework/registry.js';
import { failure, type Status, unresolvable, unschedulable } from '../framework/status.js';
import type { Random } from '../random.js';
import { bestCandidates } from './default-preemption/best-candidates.js';
import { BudgetLedger } from './default-preemption/budget-ledger.js';
import type { Candidate } from './default-preemption/candidate.js';
import { ineligibility } from './default-preemption/eligibility.js';
import { decideOnly, type PreemptionActions } from './default-preemption/preemption-actions.js';
import type { AdvisedPostFilterPlugin, PreemptionAdviser } from './default-preemption/preemption-advice.js';
import { potentialNodes, type SearchResult, searchNodes } from './default-preemption/search.js';
import { VainTrials } from './default-preemption/vain-trials.js';
import { type Trial, tryNode } from './default-preemption/victims-on-node.js';

export const defaultPreemption = 'DefaultPreemption';

export interface DefaultPreemptionOptions {
  /** Decides where the search begins, and with that between nodes that are equal in all criteria. */
  readonly random: Random;
  /** Default: decisions without consequences. */
  readonly actions?: PreemptionActions;
}

/** All that DefaultPreemption finds out for one pod. */
export interface PreemptionFindings extends SearchResult {
  /** May the pod preempt others at all? If not, no node is tried. */
  readonly eligible: boolean;
  /** Why it may not, in kube-scheduler's words. */
  readonly ineligibleBecause: string | undefined;
  /** The candidates of which any may be chosen: equal in all criteria. */
  readonly best: readonly Candidate[];
  readonly chosen: Candidate | undefined;
}

interface FoundCandidates {
  readonly kind: 'found';
  readonly preemptor: Pod;
  readonly findings: PreemptionFindings;
}

const prefix = 'preemption: ';
const notHelpful = 'Preemption is not helpful for scheduling';
const defaultArgs: DefaultPreemptionArgs = {
  minCandidateNodesPercentage: 10,
  minCandidateNodesAbsolute: 100,
};
const held = unresolvable('waiting for the preemption for this pod to be finished');

export function createDefaultPreemption(
  args: DefaultPreemptionArgs | undefined,
  handle: PluginHandle,
  options: DefaultPreemptionOptions,
): DefaultPreemption {
  return new DefaultPreemption(args, handle, options);
}

/**
 * Makes room for a pod that fits nowhere: finds the node where the least important pods have to leave, has them evicted, and nominates
 * the node to the pod. Until its victims are on their way out the pod is kept out of the active queue.
 */
export class DefaultPreemption implements PreEnqueuePlugin, AdvisedPostFilterPlugin {
  readonly name = defaultPreemption;
  /** Other plugins decide whether a pod that left helps; registered only so that a pod held back here sees the event at all. */
  readonly events = [
    { resource: 'AssignedPod' as const, action: Action.Delete, hint: (): Hint => 'Skip', perTemplate: true },
  ];
  readonly #args: DefaultPreemptionArgs;
  readonly #random: Random;
  readonly #actions: PreemptionActions;
  readonly #budgets: BudgetLedger;
  readonly #vain = new VainTrials();

  constructor(
    args: DefaultPreemptionArgs = defaultArgs,
    { cluster }: PluginHandle,
    { random, actions = decideOnly }: DefaultPreemptionOptions,
  ) {
    this.#args = args;
    this.#random = random;
    this.#actions = actions;
    this.#budgets = new BudgetLedger(cluster.disruptionBudgets);
  }

  preEnqueue(pod: Pod): Status | undefined {
    return this.#actions.holdsBack(pod) ? held : undefined;
  }

  postFilter(
    cycle: Cycle,
    pod: Pod,
    rejections: Rejections,
    hypothetical: HypotheticalNodes,
  ): PostFilterResult {
    const found = this.#find(cycle, pod, rejections, hypothetical);
    if (found.kind === 'rejected') return found;
    return this.#preempt(found.preemptor, found.findings.chosen!);
  }

  async postFilterWithAdvice(
    cycle: Cycle,
    pod: Pod,
    rejections: Rejections,
    hypothetical: HypotheticalNodes,
    adviser: PreemptionAdviser,
  ): Promise<PostFilterResult | undefined> {
    const found = this.#find(cycle, pod, rejections, hypothetical);
    if (found.kind === 'rejected') return found;
    const advice = await adviser(found.preemptor, found.findings.candidates);
    if (advice.kind === 'aborted') return undefined;
    if (advice.kind === 'failed') return kept(failure(`${prefix}${advice.message}`));
    const preemptor = this.#actions.current(pod);
    // Nobody may have to leave for a pod that has found a place, or has gone, in the meantime.
    if (preemptor === undefined || preemptor.nodeName !== '') return kept(notFound(pod));
    const chosen = this.#choose(bestCandidates(advice.candidates), preemptor);
    if (chosen === undefined) return kept(unschedulable(`${prefix}no candidate node for preemption`));
    return this.#preempt(preemptor, chosen);
  }

  /** Looks for candidates; among the findings is one that was chosen. */
  #find(
    cycle: Cycle,
    pod: Pod,
    rejections: Rejections,
    hypothetical: HypotheticalNodes,
  ): FoundCandidates | (PostFilterResult & { kind: 'rejected' }) {
    this.#actions.attempted();
    const preemptor = this.#actions.current(pod);
    if (preemptor === undefined) return kept(notFound(pod));
    const findings = this.search(cycle, preemptor, rejections, hypothetical);
    const { chosen, failures, ineligibleBecause } = findings;
    if (ineligibleBecause !== undefined) return kept(unschedulable(`${prefix}${ineligibleBecause}`));
    if (chosen !== undefined) return { kind: 'found', preemptor, findings };
    if (failures.length > 0) return kept(failure(`${prefix}${joined(failures)}`));
    const { statuses } = findings;
    const status = unschedulable(`${prefix}${noCandidateMessage(rejections.nodeCount, statuses)}`);
    return { kind: 'rejected', status, clearNomination: true, rejectors: refusersOf(statuses.values()) };
  }

  #preempt(preemptor: Pod, { nodeName, victims }: Candidate): PostFilterResult {
    this.#actions.begin({ preemptor, nodeName, victims });
    const message = `${prefix}found a potential placement for pod on node ${nodeName}, preempting ${victims.length} victims`;
    return { kind: 'nominated', nodeName, message };
  }

  /**
   * Everything that `postFilter` rests on, as data; nobody is evicted and nothing is changed. Which of the best is chosen depends on
   * what nodes are promised. `cycle`, `rejections` and `hypothetical`
   * are those of an evaluation of `pod` that ended as `unschedulable`, before the next evaluation begins. Draws one random number when
   * there is a node to try.
   */
  search(
    cycle: Cycle,
    pod: Pod,
    rejections: Rejections,
    hypothetical: HypotheticalNodes,
  ): PreemptionFindings {
    const { nodes } = cycle;
    const ineligibleBecause = ineligibility(pod, nodes, rejections);
    const slots = ineligibleBecause === undefined ? potentialNodes(nodes.rows(), rejections) : [];
    const input = { pod, nodes, hypothetical, budgets: this.#budgets };
    const trial = (slot: number): Trial => tryNode(slot, input);
    const found = searchNodes(slots, {
      limits: this.#args,
      random: this.#random,
      nameOf: (slot) => nodes.nameAt(slot),
      tryNode: hypothetical.byRowAlone ? this.#vain.remembering(pod, nodes, trial) : trial,
    });
    const best = bestCandidates(found.candidates);
    return {
      ...found,
      eligible: ineligibleBecause === undefined,
      ineligibleBecause,
      best,
      chosen: this.#choose(best, pod),
    };
  }

  /**
   * One of several that are equal. Two pods on one promised node may have to wait for each other's victims, and one that is tried
   * meanwhile finds its node taken and chooses further victims: a node that nobody was promised is better.
   */
  #choose(best: readonly Candidate[], pod: Pod): Candidate | undefined {
    return best.find(({ nodeName }) => !this.#actions.isPromised(nodeName, pod)) ?? best[0];
  }
}

/** A refusal that leaves the pod's nomination as it is. */
function kept(status: Status): PostFilterResult & { kind: 'rejected' } {
  return { kind: 'rejected', status, clearNomination: false };
}

function notFound({ name }: Pod): Status {
  return failure(`${prefix}pod "${name}" not found`);
}

/** Nodes that were tried give their reasons; for all others preemption is no help. */
function noCandidateMessage(nodeCount: number, statuses: ReadonlyMap<string, Status>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of statuses.values())
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const untried = nodeCount - statuses.size;
  if (untried > 0) counts.set(notHelpful, (counts.get(notHelpful) ?? 0) + untried);
  return fitText(nodeCount, counts);
}

/** Who refused nodes that were cleared of victims. kube-scheduler forgets them, and leaves the pod waiting once they would agree. */
function refusersOf(statuses: Iterable<Status>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { plugin } of statuses) if (plugin !== undefined) names.add(plugin);
  return names;
}

function joined(failures: readonly string[]): string {
  return failures.length === 1 ? failures[0]! : `[${failures.join(', ')}]`;
}

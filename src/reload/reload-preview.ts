import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { Pod } from '../cluster/pod.js';
import { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import { statusMessage } from '../framework/status.js';
import type { Nominator } from '../queue/nominator.js';
import { seededRandom } from '../random.js';
import { type Decision, noNodesMessage } from '../scheduler/decision.js';
import { evaluate } from '../scheduler/evaluate.js';
import { EvaluationSpace } from '../scheduler/evaluation-space.js';
import { fitMessage } from '../scheduler/fit-message.js';
import type { Nominations } from '../scheduler/nominations.js';
import { withNomination } from '../scheduler/unseen-nomination.js';

/** A pending pod that another configuration judges differently; both judgements in words. */
export interface DifferentPod {
  readonly pod: Pod;
  readonly before: string;
  readonly after: string;
}

/** What another configuration would make of the pods that are pending now. */
export interface ReloadPreview {
  /** Pods judged by both. */
  readonly judged: number;
  readonly different: readonly DifferentPod[];
  /** Pods that there was no time for. */
  readonly left: number;
}

/** The cluster as it is, and the pods in question. */
export interface PreviewedCluster {
  readonly cluster: ClusterState;
  readonly pods: Iterable<Pod>;
  readonly nominator: Nominations & Pick<Nominator, 'nodeOf'>;
  readonly clock: Clock;
}

/** Profiles by scheduler name. */
type Profiles = ReadonlyMap<string, Profile>;

/** Judge this long, then let scheduling go on. */
const sliceMs = 8;
/** For judging, all in all: a reload must not wait for ever because very many pods are pending. */
const budgetMs = 10_000;
/** The same for both judgements of a pod: of equally good nodes both take the same. */
const tieSeed = 1;

/**
 * Judges every pending pod by both configurations over the cluster of one moment each, and finds those that they disagree about. Nothing
 * is changed, nobody is asked: extenders and preemption have no part in it. Lets other work run in between.
 */
export async function previewReload(
  before: Profiles,
  after: Profiles,
  { cluster, pods, nominator, clock }: PreviewedCluster,
  { signal }: { readonly signal: AbortSignal },
): Promise<ReloadPreview> {
  const pending = [...pods].filter(
    (pod) =>
      pod.nodeName === '' &&
      !pod.terminating &&
      !cluster.isAssumed(pod.uid) &&
      (before.has(pod.schedulerName) || after.has(pod.schedulerName)),
  );
  const space = new EvaluationSpace();
  const judge = (pod: Pod, profiles: Profiles): string => {
    const profile = profiles.get(pod.schedulerName);
    if (profile === undefined) return 'left to another scheduler';
    const gate = profile.preEnqueue.find((plugin) => plugin.preEnqueue(pod) !== undefined);
    if (gate !== undefined) return `held back by ${gate.name}`;
    const cycle = new Cycle(withNomination(pod, nominator), cluster.nodes);
    const random = seededRandom(tieSeed);
    return describeDecision(evaluate(cycle, profile, { space, random, nominations: nominator }));
  };
  const different: DifferentPod[] = [];
  let [judged, spentMs, sliceBegan] = [0, 0, clock.monotonic()];
  for (const pod of pending) {
    signal.throwIfAborted();
    if (spentMs >= budgetMs) break;
    // Both within one turn: the cluster does not change between them.
    const [was, is] = [judge(pod, before), judge(pod, after)];
    if (was !== is) different.push({ pod, before: was, after: is });
    judged += 1;
    const elapsed = clock.monotonic() - sliceBegan;
    if (elapsed < sliceMs) continue;
    spentMs += elapsed;
    await nextTurn();
    sliceBegan = clock.monotonic();
  }
  return { judged, different, left: pending.length - judged };
}

function describeDecision(decision: Decision): string {
  switch (decision.kind) {
    case 'fits': {
      const { nodeName, feasibleCount, nominated } = decision;
      if (nominated) return `fits its nominated node ${nodeName}`;
      return feasibleCount === 1 ? `fits ${nodeName} alone` : `fits ${feasibleCount} nodes, best ${nodeName}`;
    }
    case 'unschedulable':
      return `is refused: ${fitMessage(decision.diagnosis)}`;
    case 'no-nodes':
      return `is refused: ${noNodesMessage}`;
    case 'error':
      return `fails: ${statusMessage(decision.status)}`;
  }
}

import type { Pod } from '../../src/cluster/pod.js';
import { Cycle } from '../../src/framework/cycle.js';
import type { Profile } from '../../src/framework/profile.js';
import { seededRandom } from '../../src/random.js';
import { PodClasses } from '../../src/scheduler/classes/pod-classes.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../src/scheduler/evaluation-space.js';
import { shownDecision } from '../shown-decision.js';
import type { CaseSetup } from './case-setup.js';
import type { FileTally } from './tally.js';

/** Nodes that have a pod more for a while. */
const disturbed = 5;

/**
 * What was decided about a pod is decided about a second one of its class, for which the class is made, and about later ones, after the
 * class has followed pods that came and went.
 */
export function compareClasses(
  { cluster, nominator }: CaseSetup,
  profile: Profile,
  pod: Pod,
  tally: FileTally,
): void {
  const classes = new PodClasses();
  const space = new EvaluationSpace();
  const decide = (kept?: PodClasses): unknown => {
    const options = { space, random: seededRandom(1), nominations: nominator, classes: kept };
    return shownDecision(evaluate(new Cycle(pod, cluster.nodes), profile, options), cluster.nodes);
  };
  const compare = (detail: string): void => {
    tally.compare('pod classes', decide(), decide(classes), { pod: pod.name, detail });
  };
  decide(classes);
  compare('made for a second pod');
  const names = Array.from(cluster.nodes.rows().slots.subarray(0, disturbed), (slot) =>
    cluster.nodes.nameAt(slot),
  );
  const others = names.map((nodeName, index) => ({ ...pod, uid: `${pod.uid}/${index}`, nodeName }));
  for (const other of others) cluster.assume(other);
  compare('after pods came');
  for (const { uid } of others) cluster.forget(uid);
  compare('after they went');
}

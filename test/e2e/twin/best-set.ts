import { Cycle } from '../../../src/framework/cycle.js';
import { DefaultPreemption } from '../../../src/plugins/default-preemption.js';
import { seededRandom } from '../../../src/random.js';
import { noNodesMessage } from '../../../src/scheduler/decision.js';
import { evaluate } from '../../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../../src/scheduler/evaluation-space.js';
import { fitMessage } from '../../../src/scheduler/fit-message.js';
import { runPostFilters } from '../../../src/scheduler/post-filter-pass.js';
import { setUpCase } from '../../conformance/case-setup.js';
import type { RawObject } from '../../conformance/golden-file.js';

/** What Berth's engine, run here over a cluster's objects, makes of a pod. */
export type Prediction =
  /** It may go to any of these. */
  | { readonly kind: 'fits'; readonly best: readonly string[] }
  /** Preemption may promise it any of `nominations`; the message names the first of them. */
  | { readonly kind: 'refused'; readonly message: string; readonly nominations: readonly string[] }
  | { readonly kind: 'gated'; readonly message: string };

const PROFILE = 'default-scheduler';

/** Judges `pod`, which must not be among the objects, with the default configuration. */
export function predict(state: readonly RawObject[], pod: RawObject): Prediction {
  const objects = state.map((object) => (object.kind === 'Pod' ? ofTheProfile(object) : object));
  const pending = [ofTheProfile(pod)];
  const {
    cluster,
    profiles,
    nominator,
    pending: judged,
  } = setUpCase({
    name: 'twin',
    profile: 'twin',
    objects,
    pending,
  });
  const { profile } = profiles.get(PROFILE)!;
  const [candidate] = judged;
  for (const plugin of profile.preEnqueue) {
    const status = plugin.preEnqueue(candidate!);
    if (status !== undefined) return { kind: 'gated', message: status.reasons.join(', ') };
  }
  const cycle = new Cycle(candidate!, cluster.nodes);
  const decision = evaluate(cycle, profile, {
    space: new EvaluationSpace(),
    random: seededRandom(1),
    nominations: nominator,
  });
  switch (decision.kind) {
    case 'error':
      throw new Error(`judging ${candidate!.name} failed: ${decision.status.reasons.join(', ')}`);
    case 'no-nodes':
      return { kind: 'refused', message: noNodesMessage, nominations: [] };
    case 'fits': {
      const slots = decision.scores?.bestSlots() ?? [decision.slot];
      return { kind: 'fits', best: slots.map((slot) => cluster.nodes.nameAt(slot)).sort() };
    }
    case 'unschedulable': {
      const { diagnosis: rejections, hypothetical } = decision;
      const { message: said, nominate } = runPostFilters(cycle, profile, { rejections, hypothetical });
      const message = fitMessage(rejections, { postFilterMessage: said });
      if (!nominate) return { kind: 'refused', message, nominations: [] };
      const preemption = profile.postFilter.find((plugin) => plugin instanceof DefaultPreemption)!;
      const { best } = preemption.search(cycle, candidate!, rejections, hypothetical);
      const nominations = best.map(({ nodeName }) => nodeName).sort();
      return {
        kind: 'refused',
        message: message.replace(` on node ${nominate},`, ` on node ${nominations[0]},`),
        nominations,
      };
    }
  }
}

/** The pod as one of the default profile's, whichever of the two schedulers has it. */
function ofTheProfile(pod: RawObject): RawObject {
  return { ...pod, spec: { ...pod.spec, schedulerName: PROFILE } };
}

import { Action } from '../cluster/action.js';
import type { Node } from '../cluster/node.js';
import type { Pod } from '../cluster/pod.js';
import type { Hint } from '../framework/cluster-event.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import { unresolvable } from '../framework/status.js';

export const nodeDeclaredFeatures = 'NodeDeclaredFeatures';

const refusal = unresolvable("node(s) didn't match Pod's required features");

/** Refuses nodes that do not declare a feature which the pod's spec relies on. */
export function createNodeDeclaredFeatures(): PreFilterPlugin & RowFilterPlugin {
  return {
    name: nodeDeclaredFeatures,
    events: [
      {
        resource: 'Node',
        action: Action.Add | Action.UpdateNodeDeclaredFeature,
        hint: nodeHint,
        perTemplate: true,
      },
      { resource: 'TargetPod', action: Action.Update, hint: podHint },
    ],
    preFilter: (_cycle, { spec }) =>
      spec.requiredFeatures.length === 0 ? { kind: 'skip' } : { kind: 'proceed' },
    filterRows({ nodes }, { spec }, { slots, length }, verdicts) {
      const known = new Map<number, number>();
      for (let i = 0; i < length; i++) {
        const id = nodes.featureSet[slots[i]!]!;
        let verdict = known.get(id);
        if (verdict === undefined) {
          const declared = nodes.featureSets.value(id);
          verdict = spec.requiredFeatures.every((feature) => declared.has(feature)) ? 0 : 1;
          known.set(id, verdict);
        }
        verdicts[i] = verdict;
      }
      return undefined;
    },
    verdictStatus: () => refusal,
    judgesByRow: () => true,
  };
}

function nodeHint(_pod: Pod, old: Node | undefined, now: Node | undefined): Hint {
  if (old === undefined || now === undefined) return 'Queue';
  return sameList(old.declaredFeatures, now.declaredFeatures) ? 'Skip' : 'Queue';
}

function podHint(_pod: Pod, old: Pod | undefined, now: Pod | undefined): Hint {
  if (old === undefined || now === undefined) return 'Queue';
  return sameList(old.spec.requiredFeatures.toSorted(), now.spec.requiredFeatures.toSorted())
    ? 'Skip'
    : 'Queue';
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((entry, index) => entry === b[index]);
}

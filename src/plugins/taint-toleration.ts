import { Action } from '../cluster/action.js';
import type { Node } from '../cluster/node.js';
import type { NodeTable, Rows } from '../cluster/node-table.js';
import type { Pod, Toleration } from '../cluster/pod.js';
import type { Hint } from '../framework/cluster-event.js';
import type {
  NormalizePlugin,
  PreFilterPlugin,
  PreScorePlugin,
  RowFilterPlugin,
  RowScorePlugin,
} from '../framework/plugin.js';
import { unresolvable } from '../framework/status.js';
import { normalizeByHighest } from './normalize.js';
import { isTolerated, toleratesHardTaints } from './toleration.js';

export const taintToleration = 'TaintToleration';

const refusal = unresolvable('node(s) had untolerated taint(s)');
/** Id of the set without taints, which the table holds from its start: by far the most frequent one. */
const noTaints = 0;

/** Keeps pods off nodes with hard taints that they do not tolerate, and prefers nodes with few soft ones. */
export function createTaintToleration(): PreFilterPlugin &
  RowFilterPlugin &
  PreScorePlugin &
  RowScorePlugin &
  NormalizePlugin {
  return {
    name: taintToleration,
    events: [
      { resource: 'Node', action: Action.Add | Action.UpdateNodeTaint, hint: nodeHint, perTemplate: true },
      { resource: 'TargetPod', action: Action.UpdatePodToleration },
    ],
    preFilter: () => ({ kind: 'proceed' }),
    filterRows({ nodes }, { spec }, rows, verdicts) {
      const judge = (id: number) =>
        toleratesHardTaints(nodes.taintSets.value(id), spec.tolerations) ? 0 : 1;
      return forEachTaintSet(nodes, rows, verdicts, judge) ? undefined : 'none';
    },
    verdictStatus: () => refusal,
    judgesByRow: () => true,
    preScore: () => undefined,
    scoreRows({ nodes }, { spec }, rows, scores) {
      const judge = (id: number) => intolerableSoftTaints(nodes, id, spec.tolerations);
      return forEachTaintSet(nodes, rows, scores, judge) ? undefined : 'constant';
    },
    byHighest: { reverse: true },
    normalizeScores(_cycle, _pod, scores, length) {
      normalizeByHighest(scores, length, { reverse: true });
    },
  };
}

/**
 * Judges each distinct set once; most nodes have none, and the others mostly the one of the last that had one. True when some answer
 * is not 0, which is what `answers` come in filled with.
 */
function forEachTaintSet(
  { taintSet }: NodeTable,
  { slots, length }: Rows,
  answers: Int32Array | Float64Array,
  judge: (id: number) => number,
): boolean {
  const known = new Map<number, number>();
  let found = false;
  let lastId = noTaints;
  let lastAnswer = 0;
  for (let i = 0; i < length; i++) {
    const id = taintSet[slots[i]!]!;
    if (id === noTaints) continue;
    if (id !== lastId) {
      let answer = known.get(id);
      if (answer === undefined) {
        answer = judge(id);
        known.set(id, answer);
      }
      lastId = id;
      lastAnswer = answer;
    }
    if (lastAnswer === 0) continue;
    answers[i] = lastAnswer;
    found = true;
  }
  return found;
}

function intolerableSoftTaints(nodes: NodeTable, id: number, tolerations: readonly Toleration[]): number {
  let count = 0;
  for (const taint of nodes.taintSets.value(id)) {
    if (taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)) count += 1;
  }
  return count;
}

function nodeHint({ spec }: Pod, old: Node | undefined, now: Node | undefined): Hint {
  if (now === undefined || !toleratesHardTaints(now.taints, spec.tolerations)) return 'Skip';
  return old === undefined || !toleratesHardTaints(old.taints, spec.tolerations) ? 'Queue' : 'Skip';
}

import type { Rows } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';
import { type Cycle, StateKey } from './cycle.js';
import { NodeView } from './node-view.js';
import type { NodeFilterPlugin, NodeScorePlugin, RowFilterPlugin, RowScorePlugin } from './plugin.js';
import { isRejection, type Status, statusMessage } from './status.js';

/*
 * The simple form of a plugin, made into the vector form by a loop over one view that moves from node to node. The runtime
 * knows only the vector form.
 */

/** Statuses that a lifted filter gave in one cycle: verdict 1 is the first of them. */
interface Given {
  readonly statuses: Status[];
  readonly verdictOf: Map<string, number>;
}

export function liftFilter(plugin: NodeFilterPlugin): RowFilterPlugin {
  const key = new StateKey<Given>(`${plugin.name}/verdicts`);
  return {
    name: plugin.name,
    filterRows(cycle, pod, rows, verdicts) {
      const given = cycle.find(key) ?? begin(cycle, key);
      const view = new NodeView(cycle.nodes);
      for (let i = 0; i < rows.length; i++) {
        const status = plugin.filter(cycle, pod, view.moveTo(rows.slots[i]!));
        if (status !== undefined) verdicts[i] = verdictFor(given, status);
      }
      return undefined;
    },
    verdictStatus: (cycle, verdict) => cycle.read(key).statuses[verdict - 1]!,
  };
}

export function liftScore(plugin: NodeScorePlugin): RowScorePlugin {
  return {
    name: plugin.name,
    scoreRows(cycle: Cycle, pod: Pod, rows: Rows, scores: Float64Array) {
      const view = new NodeView(cycle.nodes);
      for (let i = 0; i < rows.length; i++) scores[i] = plugin.score(cycle, pod, view.moveTo(rows.slots[i]!));
      return undefined;
    },
  };
}

function begin(cycle: Cycle, key: StateKey<Given>): Given {
  const given: Given = { statuses: [], verdictOf: new Map() };
  cycle.write(key, given);
  return given;
}

/** Equal statuses share one verdict, so that a plugin that refuses 5,000 nodes keeps one status. */
function verdictFor(given: Given, status: Status): number {
  if (!isRejection(status)) throw new Error(statusMessage(status), { cause: status.cause });
  const text = `${status.code}\u0000${status.reasons.join('\u0000')}`;
  let verdict = given.verdictOf.get(text);
  if (verdict === undefined) {
    verdict = given.statuses.push(status);
    given.verdictOf.set(text, verdict);
  }
  return verdict;
}

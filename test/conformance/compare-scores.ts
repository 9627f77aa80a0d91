import type { Pod } from '../../src/cluster/pod.js';
import { Cycle } from '../../src/framework/cycle.js';
import { seededRandom } from '../../src/random.js';
import type { Decision } from '../../src/scheduler/decision.js';
import { runPreFilters } from '../../src/scheduler/pre-filter-pass.js';
import { scoreNodes } from '../../src/scheduler/score-pass.js';
import { ScoreTable } from '../../src/scheduler/score-table.js';
import { selectHost } from '../../src/scheduler/select-host.js';
import type { CaseProfile, CaseSetup } from './case-setup.js';
import type { GoldenPod, GoldenScores } from './golden-file.js';
import type { FileTally } from './tally.js';

/**
 * Scores over the nodes that fit according to the golden file, so that ours can be compared although plugins still to come
 * refused some nodes; and the set of the best, where no such plugin told nodes apart.
 */
export function compareScores(
  setup: CaseSetup,
  named: CaseProfile,
  pod: Pod,
  golden: GoldenPod,
  decision: Decision & { kind: 'fits' | 'unschedulable' },
  tally: FileTally,
): void {
  const { scores, feasible = [], best = [] } = golden;
  if (golden.result !== 'scheduled') return;
  const place = { pod: golden.pod };
  if (scores === undefined) {
    // One node fits, or the pod's own nominated node was taken.
    const sameNodes = decision.kind === 'fits' && decision.feasibleCount === feasible.length;
    if (sameNodes) tally.compare('best sets', best, [decision.nodeName], place);
    else tally.notCompared('best sets');
    return;
  }
  const { nodes } = setup.cluster;
  const slots = Int32Array.from(feasible, (name) => nodes.slotOf(name) ?? -1);
  const cycle = new Cycle(pod, nodes);
  runPreFilters(cycle, named.profile);
  const table = new ScoreTable();
  scoreNodes(cycle, named.profile, { slots, length: slots.length }, { table });

  const ours = new Set(named.profile.score.map(({ plugin }) => plugin.name));
  const expectedSkips = (scores.skipped ?? []).filter((name) => ours.has(name)).sort();
  tally.compare('skipped plugins', expectedSkips, [...table.skipped].sort(), { ...place, detail: 'Score' });
  compareColumns(table, scores, feasible, golden.pod, ours, tally);

  if (scores.plugins.some((plugin, index) => !ours.has(plugin) && tellsApart(scores, index))) {
    tally.notCompared('best sets');
    return;
  }
  const chosen = nodes.nameAt(selectHost(cycle, named.profile, table, seededRandom(1)));
  const bestNames = table.bestSlots().map((slot) => nodes.nameAt(slot));
  const sameSet = tally.compare('best sets', [...best].sort(), bestNames.sort(), place);
  if (sameSet && !best.includes(chosen))
    tally.disagree('best sets', best, chosen, { ...place, detail: 'choice' });
  const sameNodes = decision.kind === 'fits' && decision.feasibleCount === feasible.length;
  if (sameNodes && !best.includes(decision.nodeName)) {
    tally.disagree('best sets', best, decision.nodeName, { ...place, detail: 'decision' });
  }
}

function compareColumns(
  table: ScoreTable,
  scores: GoldenScores,
  feasible: readonly string[],
  pod: string,
  ours: ReadonlySet<string>,
  tally: FileTally,
): void {
  for (const [index, plugin] of scores.plugins.entries()) {
    const column = table.columns.find((candidate) => candidate.plugin === plugin);
    for (const [place, node] of feasible.entries()) {
      const expected = scores.nodes[node]!;
      if (!ours.has(plugin)) {
        tally.notCompared('raw scores');
        tally.notCompared('norm scores');
        tally.notCompared('weighted scores');
        continue;
      }
      const where = { pod, node, detail: plugin };
      const norm = column?.normalized[place];
      tally.compare('raw scores', expected.raw[index], column?.raw[place], where);
      tally.compare('norm scores', expected.norm[index], norm, where);
      tally.compare('weighted scores', expected.weighted[index], norm && norm * column!.weight, where);
    }
  }
}

function tellsApart({ nodes }: GoldenScores, index: number): boolean {
  return new Set(Object.values(nodes).map(({ weighted }) => weighted[index])).size > 1;
}

import type { Decision } from '../../src/scheduler/decision.js';
import type { ScoreTable } from '../../src/scheduler/score-table.js';
import type { CaseSetup } from './case-setup.js';
import type { GoldenPod, GoldenScores } from './golden-file.js';
import type { FileTally } from './tally.js';

/** Scores of every plugin on every node that fits, and the set of the best. */
export function compareScores(
  { cluster }: CaseSetup,
  decision: Decision & { kind: 'fits' },
  golden: GoldenPod,
  tally: FileTally,
): void {
  const { scores: expected, best = [] } = golden;
  const { scores: table } = decision;
  const place = { pod: golden.pod };
  if (expected === undefined || table === undefined) {
    // One node fits, or the pod's own nominated node was taken.
    tally.compare('best sets', best, table === undefined ? [decision.nodeName] : 'scores', place);
    return;
  }
  tally.compare('skipped plugins', [...(expected.skipped ?? [])].sort(), [...table.skipped].sort(), {
    ...place,
    detail: 'Score',
  });
  const ran = table.columns.map(({ plugin }) => plugin);
  tally.compare('skipped plugins', expected.plugins, ran, { ...place, detail: 'Score plugins that ran' });
  const nodeNames = Array.from(table.slots.subarray(0, table.length), (slot) => cluster.nodes.nameAt(slot));
  compareColumns(table, nodeNames, expected, golden.pod, tally);
  const bestNames = table.bestSlots().map((slot) => cluster.nodes.nameAt(slot));
  tally.compare('best sets', [...best].sort(), bestNames.sort(), place);
  if (!best.includes(decision.nodeName))
    tally.disagree('best sets', best, decision.nodeName, { ...place, detail: 'choice' });
}

function compareColumns(
  table: ScoreTable,
  nodeNames: readonly string[],
  scores: GoldenScores,
  pod: string,
  tally: FileTally,
): void {
  for (const [node, expected] of Object.entries(scores.nodes)) {
    const place = nodeNames.indexOf(node);
    tally.compare('totals', expected.total, place < 0 ? undefined : table.totals[place], { pod, node });
    for (const [index, plugin] of scores.plugins.entries()) {
      const column = place < 0 ? undefined : table.columns.find((candidate) => candidate.plugin === plugin);
      const where = { pod, node, detail: plugin };
      const norm = column?.normalized[place];
      tally.compare('raw scores', expected.raw[index], column?.raw[place], where);
      tally.compare('norm scores', expected.norm[index], norm, where);
      tally.compare('weighted scores', expected.weighted[index], norm && norm * column!.weight, where);
    }
  }
}

import type { Cycle } from '../../src/framework/cycle.js';
import type { Status } from '../../src/framework/status.js';
import { DefaultPreemption, type PreemptionFindings } from '../../src/plugins/default-preemption.js';
import type { Decision } from '../../src/scheduler/decision.js';
import { fitMessage } from '../../src/scheduler/fit-message.js';
import { runPostFilters } from '../../src/scheduler/post-filter-pass.js';
import type { CaseProfile } from './case-setup.js';
import type { GoldenPod, GoldenPostFilter, GoldenStatus } from './golden-file.js';
import type { FileTally } from './tally.js';

/** What PostFilter plugins make of a refused pod, and with it the message of its condition. */
export function comparePreemption(
  { profile }: CaseProfile,
  cycle: Cycle,
  decision: Decision & { kind: 'unschedulable' },
  golden: GoldenPod,
  tally: FileTally,
): void {
  const { postFilter: expected, message } = golden;
  const { diagnosis: rejections, hypothetical } = decision;
  const place = { pod: golden.pod };
  if (expected === undefined) {
    tally.compare('preemption', 0, profile.postFilter.length, { ...place, detail: 'PostFilter plugins' });
    tally.compare('messages', message, fitMessage(rejections), { ...place, detail: 'condition' });
    return;
  }
  const { code, message: said, nominate } = runPostFilters(cycle, profile, { rejections, hypothetical });
  tally.compare('preemption', expected.code, code, { ...place, detail: 'code' });
  tally.compare('preemption', expected.clearNominatedNode ?? false, nominate === '', {
    ...place,
    detail: 'nomination cleared',
  });
  // Any of the best may be nominated: the file names the first of them.
  const named = (text: string | undefined): string | undefined =>
    nominate ? text?.replace(` on node ${expected.best?.[0]},`, ` on node ${nominate},`) : text;
  tally.compare('messages', named(expected.message ?? ''), said, { ...place, detail: 'PostFilter' });
  tally.compare('messages', named(message), fitMessage(rejections, { postFilterMessage: said }), {
    ...place,
    detail: 'condition',
  });
  if (nominate && !expected.best?.includes(nominate))
    tally.disagree('preemption', expected.best, nominate, { ...place, detail: 'nominated node' });
  const plugin = profile.postFilter.find((candidate) => candidate instanceof DefaultPreemption);
  if (plugin !== undefined && code !== 'Error')
    compareFindings(plugin.search(cycle, cycle.pod, rejections, hypothetical), expected, golden.pod, tally);
}

function compareFindings(
  findings: PreemptionFindings,
  expected: GoldenPostFilter,
  pod: string,
  tally: FileTally,
): void {
  const { eligible = true, candidates = [], nodeStatuses = {}, best = [] } = expected;
  tally.compare('preemption', eligible, findings.eligible, { pod, detail: 'eligible' });
  const expectedNodes = candidates.map(({ node }) => node);
  const gotNodes = findings.candidates.map(({ nodeName }) => nodeName).sort();
  tally.compare('preemption', expectedNodes.sort(), gotNodes, { pod, detail: 'candidates' });
  for (const { node, victims, pdbViolations } of candidates) {
    const found = findings.candidates.find(({ nodeName }) => nodeName === node);
    const got = found && {
      victims: found.victims.map(({ namespace, name }) => `${namespace}/${name}`),
      pdbViolations: found.budgetViolations,
    };
    tally.compare('victims', { victims, pdbViolations }, got, { pod, node });
  }
  const bestNodes = findings.best.map(({ nodeName }) => nodeName).sort();
  tally.compare('preemption', [...best].sort(), bestNodes, { pod, detail: 'best' });
  for (const node of new Set([...Object.keys(nodeStatuses), ...findings.statuses.keys()]))
    tally.compare('preemption', shown(nodeStatuses[node]), shown(findings.statuses.get(node)), { pod, node });
}

function shown(status: GoldenStatus | Status | undefined): object | undefined {
  return status && { code: status.code, reasons: [...status.reasons].sort() };
}

import { describePlan } from './fault-plan.js';
import type { TrialResult } from './trial.js';

export function hasFailed({ verdicts }: TrialResult): boolean {
  return verdicts.some(({ breaches }) => breaches.length > 0);
}

const toldBreaches = 8;

/** What a seed did and what came of it; `quiet` leaves the details of clean ones out. */
export function describeResult(
  result: TrialResult,
  options: { readonly mode: string; readonly quiet: boolean },
): string {
  const { plan, injected, verdicts, notes } = result;
  const failed = hasFailed(result);
  const brief = options.quiet && !failed;
  const lines = [`seed ${plan.seed} (${options.mode}): ${failed ? 'FAILED' : 'clean'}`];
  if (!brief) lines.push('  schedule', ...describePlan(plan).map((line) => `    ${line}`));
  const counts = [...injected].sort(([a], [b]) => a.localeCompare(b));
  lines.push(`  injected: ${counts.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'nothing'}`);
  if (brief) return `${lines.join('\n')}\n`;
  for (const { invariant, breaches, note } of verdicts) {
    lines.push(`  ${breaches.length === 0 ? 'pass' : 'FAIL'}  ${invariant} (${note})`);
    lines.push(...breaches.slice(0, toldBreaches).map((breach) => `          ${breach}`));
    if (breaches.length > toldBreaches) lines.push(`          and ${breaches.length - toldBreaches} more`);
  }
  lines.push(...notes.map((note) => `  note  ${note}`));
  return `${lines.join('\n')}\n`;
}

/** The last lines of a run over several seeds. */
export function describeTotals(results: readonly TrialResult[]): string {
  const totals = new Map<string, number>();
  for (const { injected } of results)
    for (const [kind, count] of injected) totals.set(kind, (totals.get(kind) ?? 0) + count);
  const kinds = [...totals].sort(([, a], [, b]) => b - a);
  const sum = kinds.reduce((all, [, count]) => all + count, 0);
  const failed = results.filter(hasFailed).map(({ plan }) => plan.seed);
  return [
    '',
    `${results.length} seeds, ${sum} faults of ${kinds.length} kinds: ${kinds.map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    failed.length === 0 ? 'all invariants held' : `failed: ${failed.sort((a, b) => a - b).join(', ')}`,
    '',
  ].join('\n');
}

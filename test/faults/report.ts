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

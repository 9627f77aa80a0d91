import { coursesOf } from './flatness.js';
import type { SoakOptions } from './options.js';
import type { Reconnect } from './reconnects.js';
import type { SoakRun } from './soak.js';

const labels = {
  heapMb: 'heap used, MB',
  residentMb: 'resident memory, MB',
  descriptors: 'open file descriptors',
  waiting: 'pods that wait',
  assumed: 'assumed pods',
  inFlightEvents: 'events kept for pods in flight',
  tasks: 'tasks under way',
} as const;

/** The table, the reconnects with what explains them, and whether anything is wrong. */
export function describeRun(
  run: SoakRun,
  options: SoakOptions,
): { readonly text: string; readonly failed: boolean } {
  const courses = coursesOf(run.samples, options.warmUpMinutes);
  const unexplained = run.reconnects.filter(({ why }) => why === undefined);
  const logged = run.reconnects.filter(({ kind }) => kind === 'reconnect').length;
  const diverged = run.samples.filter(({ divergence }) => divergence > 0).length;
  const faults = [
    ...courses
      .filter(({ isFlat }) => !isFlat)
      .map(
        ({ name, thirds, allowed }) =>
          `${labels[name]} grew from ${round(thirds[0])} to ${round(thirds[2])}; ${round(allowed)} is allowed`,
      ),
    ...unexplained.map(
      ({ at, resource, kind }) => `${new Date(at).toISOString()} ${resource} ${kind}: nothing explains it`,
    ),
    ...(logged === run.countedReconnects
      ? []
      : [`${run.countedReconnects} reconnects are counted, ${logged} are in the log`]),
    ...(diverged === 0
      ? []
      : [`the cache differed from the cluster in ${diverged} of ${run.samples.length} samples`]),
    ...run.faults,
  ];
  const attempts = run.samples.at(-1)?.attempts ?? 0;
  const lines = [
    '',
    `${options.minutes} minutes, seed ${options.seed}, judged from minute ${options.warmUpMinutes} on: ${run.samples.length} samples, ${attempts} attempts`,
    '',
    row('', 'first third', 'second', 'last', 'highest', 'allowed'),
    ...courses.map(
      ({ name, thirds, highest, allowed, isFlat }) =>
        `${row(labels[name], ...[...thirds, highest, allowed].map(round))}${isFlat ? '' : '  GREW'}`,
    ),
    '',
    `done: ${counts(run.done)}`,
    `refused by the API server: ${counts(run.refused)}`,
    `warnings and errors in the log: ${counts(run.complaints)}`,
    `watches opened or listed again: ${counts(explanations(run.reconnects))}`,
    `cache divergence: ${diverged === 0 ? '0 in every sample' : 'see below'}`,
    '',
    ...(faults.length === 0
      ? ['all is flat, and every reconnect is explained']
      : faults.map((fault) => `FAIL ${fault}`)),
    '',
  ];
  return { text: lines.join('\n'), failed: faults.length > 0 };
}

function explanations(reconnects: readonly Reconnect[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { kind, why = 'unexplained' } of reconnects) {
    const key = `${kind}, ${why}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return found;
}

function counts(map: ReadonlyMap<string, number>): string {
  return [...map].map(([what, count]) => `${what} ${count}`).join('; ') || 'none';
}

function row(label: string, ...cells: readonly string[]): string {
  return `${label.padEnd(32)}${cells.map((cell) => cell.padStart(12)).join('')}`;
}

function round(value: number): string {
  return value.toFixed(1);
}

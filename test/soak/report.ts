import { coursesOf } from './flatness.js';
import type { SoakOptions } from './options.js';
import type { Reconnect } from './reconnects.js';
import type { HeldOnTo } from './sample.js';
import type { SoakRun } from './soak.js';
import { faultsIn } from './tally.js';

const labels: Readonly<Record<HeldOnTo, string>> = {
  heapMb: 'heap after collection, MB',
  leaseHeapMb: 'heap of the lease thread, MB',
  residentMb: 'resident memory, MB',
  threads: 'threads',
  descriptors: 'open file descriptors',
  sockets: 'open sockets',
  handles: 'handles',
  leaseHandles: 'handles of the lease thread',
  waiting: 'pods that wait',
  assumed: 'assumed pods',
  inFlightEvents: 'events kept for pods in flight',
  tasks: 'tasks under way',
};

/** The tables, the reconnects with what explains them, and whether anything is wrong. */
export function describeRun(
  run: SoakRun,
  options: SoakOptions,
): { readonly text: string; readonly failed: boolean } {
  const faults = faultsOf(run, options);
  const diverged = run.samples.filter(({ divergence }) => divergence > 0).length;
  const lines = [
    '',
    `${options.minutes} minutes, seed ${options.seed}, judged from minute ${options.warmUpMinutes} on: ${run.samples.length} samples`,
    '',
    ...held(run, options),
    '',
    ...deeds(run),
    '',
    ...attempts(run, options),
    ...run.handles.map(
      ({ thread, handles }) =>
        `handles of ${thread === 0 ? 'the main thread' : 'the lease thread'} at the end: ${counts(new Map(Object.entries(handles)))}`,
    ),
    `warnings and errors in the log: ${counts(run.complaints)}`,
    `watches opened or listed again: ${counts(explanations(run.reconnects))}`,
    `cache divergence: ${diverged === 0 ? '0 in every sample' : `in ${diverged} samples`}`,
    '',
    ...(faults.length === 0
      ? ['all is flat, and every reconnect is explained']
      : faults.map((fault) => `FAIL ${fault}`)),
    '',
  ];
  return { text: lines.join('\n'), failed: faults.length > 0 };
}

function faultsOf(run: SoakRun, { warmUpMinutes }: SoakOptions): string[] {
  const logged = run.reconnects.filter(({ kind }) => kind === 'reconnect').length;
  const diverged = run.samples.filter(({ divergence }) => divergence > 0).length;
  return [
    ...coursesOf(run.samples, warmUpMinutes, run.interruptions)
      .filter(({ isFlat }) => !isFlat)
      .map(
        ({ name, thirds, allowed }) =>
          `${labels[name]}: grew from ${round(thirds[0])} to ${round(thirds[2])}, ${round(allowed)} is allowed`,
      ),
    ...run.reconnects
      .filter(({ why }) => why === undefined)
      .map(
        ({ at, resource, kind }) => `${new Date(at).toISOString()} ${resource} ${kind}: nothing explains it`,
      ),
    ...(logged === run.countedReconnects
      ? []
      : [`${run.countedReconnects} reconnects are counted, ${logged} are in the log`]),
    ...(diverged === 0
      ? []
      : [`the cache differed from the cluster in ${diverged} of ${run.samples.length} samples`]),
    ...faultsIn(run.deeds.counts),
    ...run.faults,
  ];
}

function held({ samples, interruptions }: SoakRun, { warmUpMinutes }: SoakOptions): string[] {
  return [
    row('held on to', 'first third', 'second', 'last', 'highest', 'allowed'),
    ...coursesOf(samples, warmUpMinutes, interruptions).map(
      ({ name, thirds, highest, allowed, isFlat }) =>
        `${row(labels[name], ...[...thirds, highest, allowed].map(round))}${isFlat ? '' : '  GREW'}`,
    ),
  ];
}

function deeds({ deeds }: SoakRun): string[] {
  return [
    row('churn', 'done', 'not needed', 'refused', 'excused'),
    ...[...deeds.counts].map(([deed, { done, idle, refused, excused }]) =>
      row(deed, ...[done, idle, refused, excused].map(String)),
    ),
    `refused by the API server: ${counts(deeds.refusals)}`,
  ];
}

function attempts({ attempts, samples }: SoakRun, { minutes }: SoakOptions): string[] {
  const total = samples.at(-1)?.attempts ?? 0;
  return [
    `attempts: ${total}, ${round(total / minutes / 60)} a second: ${counts(attempts.results)}`,
    `what pods were tried for: ${counts(attempts.causes)}`,
  ];
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
  return `${label.padEnd(32)}${cells.map((cell) => cell.padStart(12)).join('')}`.trimEnd();
}

function round(value: number): string {
  return value.toFixed(1);
}

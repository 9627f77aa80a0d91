import { cpus } from 'node:os';
import type { Spread } from '../quantiles.js';
import type { DecideCase, DecidePart } from './decide.js';
import type { PreemptCase } from './preempt.js';
import type { TypescriptPluginCase } from './typescript-plugin.js';

export type BenchCase = DecideCase | TypescriptPluginCase | PreemptCase;

/** What the figures depend on beside the code. */
export interface Circumstances {
  readonly node: string;
  readonly v8: string;
  readonly processor: string;
  readonly processors: number;
  readonly command: string;
  readonly seconds: number;
}

export function circumstances(argv: readonly string[], seconds: number): Circumstances {
  const processors = cpus();
  return {
    node: process.version,
    v8: process.versions.v8,
    processor: processors[0]?.model.trim() ?? 'unknown',
    processors: processors.length,
    command: ['npm run bench:engine --', ...argv].join(' '),
    seconds,
  };
}

/** One object on each line: first the circumstances, then the cases. */
export function jsonReport(run: Circumstances, cases: readonly BenchCase[]): string {
  return [{ bench: 'circumstances', ...run }, ...cases].map((each) => JSON.stringify(each)).join('\n');
}

/** For people: the gist first, then tables. */
export function textReport(run: Circumstances, cases: readonly BenchCase[]): string {
  const decided = cases.filter((each) => each.bench === 'decide');
  const plugins = cases.filter((each) => each.bench === 'typescript-plugin');
  const preempted = cases.filter((each) => each.bench === 'preempt');
  const summary = [...decideGist(decided), ...pluginGist(plugins), ...preemptGist(preempted)];
  const about = `Node.js ${run.node}, ${run.processors} × ${run.processor}; ${run.command}; ${run.seconds.toFixed(0)} s`;
  const sections = [
    [...summary, '', about, 'Medians of rounds in this one run; (p10..p90) of the rounds beside them.'],
    decideTable(decided),
    ...decided.filter(isLargest).map(partsTable),
    pluginTable(plugins),
    preemptTable(preempted),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** Only the largest clusters are taken apart for people: the others are in the JSON. */
function isLargest({ nodes }: DecideCase, _index: number, all: readonly DecideCase[]): boolean {
  return nodes === Math.max(...all.map((each) => each.nodes));
}

function decideGist(cases: readonly DecideCase[]): string[] {
  const [largest, smallest] = extremes(cases.map(({ nodes }) => nodes));
  const atLargest = cases
    .filter(({ nodes }) => nodes === largest)
    .sort((a, b) => a.decisionMicroseconds.median - b.decisionMicroseconds.median);
  const [fastest, slowest] = [atLargest[0], atLargest.at(-1)];
  if (fastest === undefined || slowest === undefined) return [];
  const told = [fastest, ...(slowest === fastest ? [] : [slowest])];
  const range = told.map((each) => `${ms(each.decisionMicroseconds.median)} ms (${each.case})`).join(' to ');
  const growth = told.flatMap((each) => {
    const small = cases.find((other) => other.case === each.case && other.nodes === smallest);
    if (small === undefined || small === each) return [];
    return [`${ratio(each.decisionMicroseconds.median / small.decisionMicroseconds.median)} (${each.case})`];
  });
  return [
    `decide: ${range} per decision over all ${count(largest)} nodes${growth.length === 0 ? '' : `; from ${count(smallest)} to ${count(largest)} nodes ${growth.join(', ')}`}.`,
  ];
}

function pluginGist(cases: readonly TypescriptPluginCase[]): string[] {
  return cases
    .filter(({ case: name }) => name === 'filter' || name === 'score')
    .map(
      (each) =>
        `typescript-plugin: a trivial ${each.case} adds ${us(each.addedMicroseconds)} µs to a decision over ${count(each.nodes)} nodes: ${each.addedNanosecondsPerNode.toFixed(1)} ns for each node, ${ratio(each.ratio)}.`,
    );
}

function preemptGist(cases: readonly PreemptCase[]): string[] {
  const [largest] = extremes(cases.map(({ nodes }) => nodes));
  return cases
    .filter(({ nodes, case: name }) => nodes === largest && name === 'one-victim')
    .map(
      ({ searchMicroseconds, retryMicroseconds }) =>
        `preempt: ${ms(searchMicroseconds.median)} ms to find whom to evict on ${count(largest)} nodes, ${ms(retryMicroseconds.median)} ms to take the place.`,
    );
}

function decideTable(cases: readonly DecideCase[]): string[] {
  if (cases.length === 0) return [];
  return table(
    [
      'decide',
      'nodes',
      'µs/decision',
      '(p10..p90)',
      'ns/node',
      'µs/pod in the loop',
      'GC',
      'GCs/1000',
      'KB/decision',
      '',
    ],
    cases.map((each) => [
      each.case,
      count(each.nodes),
      us(each.decisionMicroseconds.median),
      range(each.decisionMicroseconds),
      each.nanosecondsPerNode.toFixed(1),
      us(each.loopMicroseconds.median),
      percent(each.garbageShare),
      each.collectionsPerThousandPods.toFixed(1),
      kilobytes(each.allocatedBytes),
      each.about,
    ]),
  );
}

const shownShare = 0.01;

function partsTable({ case: name, nodes, parts }: DecideCase): string[] {
  const shown = parts.filter(({ share, bytes }) => share >= shownShare || bytes >= 1_000);
  const others = parts.filter((part) => !shown.includes(part));
  const sum = (value: (part: DecidePart) => number): number =>
    others.reduce((total, part) => total + value(part), 0);
  const row = (what: string, part: Omit<DecidePart, 'point' | 'plugin'>): string[] => [
    what,
    count(Math.round(part.microseconds * 1_000)),
    part.nanosecondsPerNode.toFixed(1),
    percent(part.share),
    kilobytes(part.bytes),
  ];
  return table(
    [`${name} on ${count(nodes)} nodes: where the time goes`, 'ns/pod', 'ns/node', 'share', 'KB'],
    [
      ...shown.map((part) => row(placeOf(part), part)),
      ...(others.length === 0
        ? []
        : [
            row(`${others.length} others`, {
              microseconds: sum(({ microseconds }) => microseconds),
              nanosecondsPerNode: sum(({ nanosecondsPerNode }) => nanosecondsPerNode),
              share: sum(({ share }) => share),
              bytes: sum(({ bytes }) => bytes),
            }),
          ]),
    ],
  );
}

const aroundPlugins: Readonly<Record<string, string>> = {
  PreFilter: 'PreFilter: merging answers',
  Filter: 'Filter: listing nodes, closing ranks',
  PreScore: 'PreScore: around plugins',
  Score: 'Score: normalising, adding up',
  rest: 'choosing the node, all else',
};

function placeOf({ point, plugin }: DecidePart): string {
  return plugin === '' ? (aroundPlugins[point] ?? point) : `${point} ${plugin}`;
}

function pluginTable(cases: readonly TypescriptPluginCase[]): string[] {
  if (cases.length === 0) return [];
  return table(
    [
      'typescript-plugin',
      'nodes',
      'without µs',
      '(p10..p90)',
      'with µs',
      '(p10..p90)',
      'added µs/pod',
      'ns/node',
      'ratio',
      '',
    ],
    cases.map((each) => [
      each.case,
      count(each.nodes),
      us(each.withoutMicroseconds.median),
      range(each.withoutMicroseconds),
      us(each.withMicroseconds.median),
      range(each.withMicroseconds),
      us(each.addedMicroseconds),
      each.addedNanosecondsPerNode.toFixed(1),
      ratio(each.ratio),
      each.about,
    ]),
  );
}

function preemptTable(cases: readonly PreemptCase[]): string[] {
  if (cases.length === 0) return [];
  return table(
    ['preempt', 'nodes', 'µs/search', '(p10..p90)', 'ns/node', 'of it PostFilter', 'µs/retry', 'victims', ''],
    cases.map((each) => [
      each.case,
      count(each.nodes),
      us(each.searchMicroseconds.median),
      range(each.searchMicroseconds),
      each.nanosecondsPerNode.toFixed(1),
      us(each.postFilterMicroseconds.median),
      us(each.retryMicroseconds.median),
      each.victimsPerPod.toFixed(1),
      each.about,
    ]),
  );
}

/** Aligned columns: numbers to the right, the first and the last column to the left. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_title, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line
      .map((cell, column) => {
        if (column === 0) return cell.padEnd(widths[column]!);
        return header[column] === '' ? cell : cell.padStart(widths[column]!);
      })
      .join('  ')
      .trimEnd(),
  );
}

function extremes(numbers: readonly number[]): [largest: number, smallest: number] {
  return [Math.max(...numbers), Math.min(...numbers)];
}

function range({ p10, p90 }: Spread): string {
  return `(${us(p10)}..${us(p90)})`;
}

function us(microseconds: number): string {
  return microseconds.toFixed(Math.abs(microseconds) < 100 ? 1 : 0);
}

function ms(microseconds: number): string {
  return (microseconds / 1_000).toFixed(microseconds < 1_000 ? 3 : 2);
}

function kilobytes(bytes: number): string {
  return (bytes / 1_000).toFixed(1);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function ratio(value: number): string {
  return `×${value.toFixed(2)}`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

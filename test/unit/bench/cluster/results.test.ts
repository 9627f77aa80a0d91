import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { resultsChart } from '../../../bench/cluster/results-chart.js';
import { mergeResults, writeResults } from '../../../bench/cluster/results-file.js';
import { resultsPage } from '../../../bench/cluster/results-page.js';
import { resultsTable } from '../../../bench/cluster/results-table.js';
import { circumstances, resultOf } from './example-results.js';

const basic = resultOf('basic', 5000, {
  berth: { podsPerSecond: 900, cpuMsPerPod: 1.5, cpuToApiServer: 0.4, nodesUsed: 1990, cpuDeviation: 0.1 },
  other: { podsPerSecond: 300, cpuMsPerPod: 3, cpuToApiServer: 1.6, nodesUsed: 360, cpuDeviation: 0.4 },
  ceiling: { podsPerSecond: 1000 },
});
const arrivals = resultOf('arrivals', 5000, {
  berth: { podsPerSecond: 400, latencyP99Ms: 20, leaseGapSeconds: 2 },
  other: { podsPerSecond: 390, latencyP99Ms: 80, leaseGapSeconds: 2 },
});
const start = resultOf('start', 5000, { berth: { readySeconds: 2 }, other: { readySeconds: 4 } });

describe('the table of a run', () => {
  it('has one line per case with both figures and their ratio', () => {
    expect(resultsTable([basic])).toMatch(
      /^basic-5000 +100 +900 \/ 300 +×3\.00 +90 % .* 1\.50 \/ 3\.00 +×0\.50 +0\.40 \/ 1\.60 +×0\.25 /m,
    );
  });

  it('says which cases failed, and why', () => {
    const failure = { case: 'spread-5000', workload: 'spread', nodes: 5000, pods: 2000, error: 'no room' };
    expect(resultsTable([basic, failure])).toContain('\nspread-5000 failed: no room\n');
    expect(resultsTable([failure])).toBe('spread-5000 failed: no room');
  });
});

describe('the page of results', () => {
  const page = resultsPage([basic, arrivals, start]);

  it('says when, where and of what', () => {
    expect(page).toContain('2030-01-02, `npm run bench`, 1 run of each. 2 × Abacus, 8 GB, Linux 6.');
    expect(page).toContain('Berth abc1234 on Node.js v24.0.0, Kubernetes v1.37.1, etcd v3.7.0.');
  });

  it('names the cases where parts were measured at different times', () => {
    const later = { ...start, circumstances: { ...circumstances, date: '2030-02-03' } };
    expect(resultsPage([basic, later])).toMatch(/^2030-02-03, .* Cases: start-5000\.$/m);
  });

  it('puts each case into the tables that it has figures for', () => {
    const sections = page.split(/^## /m);
    const casesIn = (title: string) =>
      sections.find((section) => section.startsWith(title))?.match(/^\| (basic|arrivals|start) /gm);
    expect(casesIn('Backlog')).toEqual(['| basic ']);
    expect(casesIn('Placement')).toEqual(['| basic ']);
    expect(casesIn('Arrivals')).toEqual(['| arrivals ']);
    expect(casesIn('Start')).toEqual(['| start ']);
  });

  it('has as many cells in every row as in its header', () => {
    const tables = page
      .trimEnd()
      .split('\n\n')
      .filter((part) => part.startsWith('|'));
    const widths = tables.map(
      (table) => new Set(table.split('\n').map((line) => line.split('|').length)).size,
    );
    expect(widths).toEqual(tables.map(() => 1));
    expect(tables).toHaveLength(5);
  });

  it('says what of the goals was reached', () => {
    expect(page).toContain('| throughput, basic | at least ×2.50 | ×3.00 | yes |');
    expect(page).toContain('| throughput, spread, 15,000 nodes | at least ×12.00 | not measured |  |');
  });
});

describe('the chart', () => {
  it('has a bar for each scheduler and a mark for the ceiling, as long as the figures are high', () => {
    const chart = resultsChart([basic, arrivals]);
    const length = (kind: string) =>
      Number(new RegExp(`class="${kind}" .*width="([\\d.]+)" height="9"`, 'g').exec(bars(chart, kind))?.[1]);
    expect(length('berth') / length('other')).toBeCloseTo(3, 1);
    expect(chart).toContain('900 / 300 = ×3.0');
    expect(chart.match(/class="ceiling"/g)).toHaveLength(2);
    expect(chart).not.toContain('arrivals');
  });

  it('is readable on dark pages too, and needs nothing from elsewhere', () => {
    const chart = resultsChart([basic]);
    expect(chart).toContain('prefers-color-scheme: dark');
    expect(chart.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|href/);
  });

  /** Without the legend, whose samples are all as wide. */
  function bars(chart: string, kind: string): string {
    return chart
      .split('\n')
      .filter((line) => line.includes(`class="${kind}"`) && !line.includes('width="12"'))
      .join('\n');
  }
});

describe('the file of results', () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-results-'));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('keeps the newer of each case, in the order of the workloads', () => {
    const newer = { ...basic, seconds: 99 };
    const smaller = resultOf('basic', 500);
    expect(
      mergeResults([start, basic], [newer, smaller]).map((result) => [result.case, result.seconds]),
    ).toEqual([
      ['basic-500', 1],
      ['basic-5000', 99],
      ['start-5000', 1],
    ]);
  });

  it('is added to by runs of parts, and the page and the chart are made of all of it', async () => {
    await writeResults(root, [basic]);
    const written = await writeResults(root, [start]);
    expect(written).toEqual(['bench/results.json', 'bench/RESULTS.md', 'docs/images/bench.svg']);
    const [results, page, chart] = written.map((path) => readFileSync(join(root, path), 'utf8'));
    expect(JSON.parse(results!)).toEqual(JSON.parse(JSON.stringify([basic, start])));
    expect(page).toContain('| start | 5,000 |');
    expect(chart).toContain('basic, 5,000 nodes');
  });
});

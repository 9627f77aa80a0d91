import type { CaseResult } from './case-result.js';

const width = 860;
const labelWidth = 240;
const valueWidth = 150;
const barHeight = 9;
const rowHeight = 30;
const top = 58;

/** Greys and hues that can be read on white and on near black, and better ones on black where the reader's machine says that it is dark. */
const style = `
  text { font: 12px system-ui, sans-serif; fill: #656d76; }
  .title { font-size: 15px; font-weight: 600; }
  .berth { fill: #1f7a5c; }
  .other { fill: #a3acb8; }
  .ceiling { stroke: #b35900; stroke-width: 2; }
  .axis { stroke: #d0d7de; }
  @media (prefers-color-scheme: dark) {
    text { fill: #d1d7e0; }
    .berth { fill: #3fb68b; }
    .other { fill: #768390; }
    .ceiling { stroke: #f0a35e; }
    .axis { stroke: #444c56; }
  }`;

/** Pods per second of both schedulers and of the binder that does not think, as SVG without script or fonts of its own. */
export function resultsChart(results: readonly CaseResult[]): string {
  const shown = results.filter(
    ({ berth, other }) =>
      berth.podsPerSecond !== undefined &&
      other?.podsPerSecond !== undefined &&
      berth.latencyP99Ms === undefined,
  );
  const highest = Math.max(1, ...shown.flatMap((result) => speedsOf(result)));
  const scale = (value: number): number => round((value / highest) * (width - labelWidth - valueWidth));
  const height = top + rowHeight * shown.length + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>Pods scheduled per second: Berth and kube-scheduler on the same API server</title>`,
    `<style>${style}\n</style>`,
    `<text class="title" x="0" y="18">Pods scheduled per second, on the same API server</text>`,
    ...legend(),
    `<line class="axis" x1="${labelWidth}" y1="${top - 6}" x2="${labelWidth}" y2="${height - 10}"/>`,
    ...shown.flatMap((result, index) => row(result, top + index * rowHeight, scale)),
    '</svg>',
    '',
  ].join('\n');
}

function legend(): string[] {
  const [x, y] = [labelWidth, 40];
  return [
    `<rect class="berth" x="${x}" y="${y - 9}" width="12" height="${barHeight}"/>`,
    `<text x="${x + 18}" y="${y}">Berth</text>`,
    `<rect class="other" x="${x + 80}" y="${y - 9}" width="12" height="${barHeight}"/>`,
    `<text x="${x + 98}" y="${y}">kube-scheduler</text>`,
    `<line class="ceiling" x1="${x + 216}" y1="${y - 11}" x2="${x + 216}" y2="${y + 2}"/>`,
    `<text x="${x + 224}" y="${y}">a binder that does not think</text>`,
  ];
}

function row(result: CaseResult, y: number, scale: (value: number) => number): string[] {
  const { berth, other, ceiling, ratio } = result;
  const [mine, its, most] = [berth.podsPerSecond ?? 0, other?.podsPerSecond ?? 0, ceiling?.podsPerSecond];
  const end = labelWidth + scale(Math.max(mine, its, most ?? 0)) + 8;
  const label = `${result.workload}, ${result.nodes.toLocaleString('en-US')} nodes`;
  const figures = `${mine.toFixed(0)} / ${its.toFixed(0)}${ratio.throughput === undefined ? '' : ` = ×${ratio.throughput.toFixed(1)}`}`;
  return [
    `<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end">${label}</text>`,
    `<rect class="berth" x="${labelWidth}" y="${y}" width="${scale(mine)}" height="${barHeight}"/>`,
    `<rect class="other" x="${labelWidth}" y="${y + barHeight + 1}" width="${scale(its)}" height="${barHeight}"/>`,
    ...(most === undefined ? [] : [ceilingMark(labelWidth + scale(most), y)]),
    `<text x="${end}" y="${y + 13}">${figures}</text>`,
  ];
}

function ceilingMark(x: number, y: number): string {
  return `<line class="ceiling" x1="${x}" y1="${y - 2}" x2="${x}" y2="${y + 2 * barHeight + 3}"/>`;
}

function speedsOf({ berth, other, ceiling }: CaseResult): number[] {
  return [berth, other, ceiling].flatMap((figures) => figures?.podsPerSecond ?? []);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

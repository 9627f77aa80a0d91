import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ImportPluginModule } from '../../../../src/plugin-host/module-importer.js';
import { benchDecide } from '../../../bench/engine/decide.js';
import { readOptions, usage } from '../../../bench/engine/options.js';
import { podKinds } from '../../../bench/engine/pod-kinds.js';
import { benchPreempt } from '../../../bench/engine/preempt.js';
import { jsonReport, textReport } from '../../../bench/engine/report.js';
import { benchTypescriptPlugin } from '../../../bench/engine/typescript-plugin.js';

const tiny = { nodes: [12], rounds: 2, warmUp: 3, pods: 3, progress: () => {} };
const run = { node: 'v1', v8: '2', processor: 'abacus', processors: 1, command: 'npm run bench', seconds: 3 };

/** Imports the file that the bench wrote; 'berth' is found by a loader that jest does not know. */
const importModule: ImportPluginModule = async ({ specifier, folder }) => {
  const written = readFileSync(resolve(folder, specifier), 'utf8');
  const source = written.replace(/^import .* from 'berth';$/m, 'const definePlugin = (plugin) => plugin;');
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
};

describe('the bench of decisions', () => {
  it('measures every kind of pods and says where their time goes', async () => {
    const cases = await benchDecide(tiny);
    expect(cases.map((each) => each.case)).toEqual(podKinds.map(({ name }) => name));
    for (const { case: name, parts, decisionMicroseconds, allocatedBytes, podsPerRound } of cases) {
      expect({ name, podsPerRound }).toEqual({ name, podsPerRound: 3 });
      expect(decisionMicroseconds.median).toBeGreaterThan(0);
      expect(allocatedBytes).toBeGreaterThan(0);
      expect(parts.map(({ point, plugin }) => `${point} ${plugin}`)).toEqual(
        expect.arrayContaining(['Filter NodeResourcesFit', 'Filter ', 'rest ']),
      );
    }
    const text = textReport(run, cases);
    expect(text).toMatch(/^decide: /);
    expect(text).toContain('pod-anti-affinity-soft on 12 nodes: where the time goes');
    expect(text).toMatch(/^Filter NodeResourcesFit +\d/m);
  });

  it('measures only the kinds and the sizes that were asked for', async () => {
    const cases = await benchDecide({ ...tiny, nodes: [6, 9], only: new Set(['plain']) });
    expect(cases.map(({ case: name, nodes }) => [name, nodes])).toEqual([
      ['plain', 6],
      ['plain', 9],
    ]);
  });

  it('says which pod could not be placed, and why, instead of measuring something else', async () => {
    const tooMany = { ...tiny, nodes: [2], only: new Set(['pod-anti-affinity']) };
    await expect(benchDecide(tooMany)).rejects.toThrow(/default\/pod-anti-affinity-\d+ was not placed: 0\/2/);
  });
});

describe('the bench of plugins in TypeScript', () => {
  it('measures the same profile with and without a plugin loaded from a file', async () => {
    const only = new Set(['filter', 'filter-skip-plugin', 'score-reads']);
    const cases = await benchTypescriptPlugin({ ...tiny, only, importModule });
    expect(cases.map((each) => each.case)).toEqual(['filter', 'filter-skip-plugin', 'score-reads']);
    for (const { addedMicroseconds, withMicroseconds, withoutMicroseconds, ratio } of cases) {
      expect(addedMicroseconds).toBeCloseTo(withMicroseconds.median - withoutMicroseconds.median, 6);
      expect(ratio).toBeGreaterThan(0);
    }
    const text = textReport(run, cases);
    expect(text).toMatch(/^typescript-plugin: a trivial filter adds /);
    expect(text).toMatch(/^score-reads +12 /m);
  });
});

describe('the bench of preemption', () => {
  it('evicts as many pods as each case says, and takes their place', async () => {
    const cases = await benchPreempt({ ...tiny, warmUp: 10 });
    expect(Object.fromEntries(cases.map((each) => [each.case, each.victimsPerPod]))).toEqual({
      'one-victim': 1,
      'three-victims': 3,
      budgets: 1,
      spread: 1,
      'anti-affinity': 1,
    });
    for (const { searchMicroseconds, retryMicroseconds } of cases) {
      expect(searchMicroseconds.median).toBeGreaterThan(0);
      expect(retryMicroseconds.median).toBeGreaterThan(0);
    }
    expect(textReport(run, cases)).toMatch(/^preempt: /);
  });
});

describe('a report', () => {
  it('for machines is one object on each line, the circumstances first', async () => {
    const cases = await benchDecide({ ...tiny, only: new Set(['plain', 'volumes']) });
    const lines = jsonReport(run, cases).split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { bench: 'circumstances', ...run },
      expect.objectContaining({ bench: 'decide', nodes: 12, case: 'plain' }),
      expect.objectContaining({ bench: 'decide', nodes: 12, case: 'volumes' }),
    ]);
  });
});

describe('the command line', () => {
  it('names benches, sizes, rounds and cases', () => {
    expect(
      readOptions([
        'preempt',
        'decide',
        '--nodes',
        '10,20',
        '--rounds',
        '3',
        '--only',
        'plain,budgets',
        '-o',
        'json',
      ]),
    ).toEqual({
      benches: ['preempt', 'decide'],
      nodes: [10, 20],
      rounds: 3,
      warmUp: 400,
      pods: undefined,
      only: new Set(['plain', 'budgets']),
      output: 'json',
    });
  });

  it('runs every bench unless one is named', () => {
    expect(readOptions([])).toMatchObject({ benches: ['decide', 'typescript-plugin', 'preempt'] });
  });

  it.each([
    [['speed'], 'bench:engine: there is no bench speed'],
    [['--rounds', '0'], 'bench:engine: --rounds takes whole numbers above 0, not 0'],
    [['--nodes', '10,x'], 'bench:engine: --nodes takes whole numbers above 0, not x'],
    [['decide', '--only', 'budgets'], 'bench:engine: there is no case budgets; there are plain, '],
    [['-o', 'xml'], 'bench:engine: unknown output xml'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (argv, problem) => {
    expect(readOptions(argv)).toContain(problem);
    expect(readOptions(argv)).toContain(usage);
  });
});

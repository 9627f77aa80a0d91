import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readOptions as readBenchOptions } from '../bench/cluster/options.js';
import { readOptions as readEngineOptions } from '../bench/engine/options.js';
import { projectRoot } from '../controlplane/project-root.js';
import {
  commandsOf,
  type DocumentedCommand,
  documentedCommands,
  pages,
} from '../docs/documented-commands.js';
import { proofOf, rowOf, rows } from '../docs/proofs.js';
import { difference } from '../docs/shown-output.js';
import { readOptions as readSoakOptions } from '../soak/options.js';

const commands = documentedCommands();
const where = ({ page, line, text }: DocumentedCommand): string => `${page}:${line}: ${text}`;

describe('every command of README.md, docs, examples and chart', () => {
  it('is carried out by a test, or says why not', () => {
    expect(pages().length).toBeGreaterThan(30);
    expect(commands.length).toBeGreaterThan(150);
    const unproven = commands.filter((command) => proofOf(command) === undefined).map(where);
    // Nothing is said about these: add a row to test/docs/proofs.ts, for a walk where that can be.
    expect(unproven).toEqual([]);
  });

  it('has no row left that speaks for none', () => {
    const used = new Set(commands.map(rowOf));
    expect(rows.filter((row) => !used.has(row)).map((row) => String(row.commands))).toEqual([]);
  });

  it('is where its row says, if another test carries it out, or what comes nearest', () => {
    const missing = rows.flatMap(({ commands: pattern, proof }) => {
      const place =
        'by' in proof
          ? { file: proof.by, words: proof.words }
          : 'notHere' in proof
            ? proof.nearest
            : undefined;
      if (place === undefined) return [];
      const path = join(projectRoot(), place.file);
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      return text.includes(place.words) ? [] : [`${pattern}: "${place.words}" is not in ${place.file}`];
    });
    expect(missing).toEqual([]);
  });

  it('is a step of .ci/run, if its row says so', () => {
    const steps = stepsOf(readFileSync(join(projectRoot(), '.ci', 'run'), 'utf8'));
    expect(steps).toContain('npm test');
    const unknown = rows.flatMap(({ proof }) =>
      'ci' in proof ? proof.ci.filter((step) => !steps.includes(step)) : [],
    );
    expect(unknown).toEqual([]);
  });

  it('is made of steps of .ci/run, if it is npm run check', () => {
    const { scripts } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const parts = scripts.check?.replaceAll(' --silent', '').split(' && ').slice(1);
    const proof = rows.find(({ commands: pattern }) => pattern.test('npm run check'))?.proof;
    expect(proof).toEqual({ ci: parts });
  });

  it('is left out in few cases', () => {
    const left = new Set(
      commands.filter((command) => 'notHere' in (proofOf(command) ?? {})).map(({ text }) => text),
    );
    expect([...left].length).toBeLessThanOrEqual(6);
  });

  it('names a script that there is, if npm runs it', () => {
    const { scripts } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const unknown = commands.filter(({ text }) => {
      const [, name] = /^npm run (\S+)/.exec(text) ?? [];
      return name !== undefined && scripts[name] === undefined;
    });
    expect(unknown.map(where)).toEqual([]);
  });

  it.each([
    ['bench', readBenchOptions],
    ['bench:engine', readEngineOptions],
    ['soak', readSoakOptions],
  ] as const)('gives npm run %s arguments that it takes', (script, readOptions) => {
    const orders = commands.filter(
      ({ text }) => text.split(' ').slice(0, 3).join(' ') === `npm run ${script}`,
    );
    expect(orders.length).toBeGreaterThan(1);
    const refused = orders.filter(({ text }) => {
      const [args = ''] = (text.split(' -- ')[1] ?? '').split(' > ');
      return typeof readOptions(args.split(' ').filter((word) => word !== '')) === 'string';
    });
    expect(refused.map(where)).toEqual([]);
  });
});

/** What `.ci/run` runs of npm, as a page would show it. */
function stepsOf(script: string): string[] {
  return script
    .split('\n')
    .filter((line) => /^(step|suites|at_home|suites_at_home) /.test(line))
    .flatMap((line) => line.match(/npm (?:run|test) .*$/) ?? [])
    .map((order) => order.replace(' --silent', ''));
}

describe('commands in a page', () => {
  it('are lines of blocks in a shell, what is typed in a console, and words in code that begin with a program', () => {
    const page = [
      '## One',
      '```sh',
      "kubectl get pods -l 'a # b'   # a comment",
      '```',
      'Say `npm run',
      'demo`, or `kubectl`, or `berth/testing`.',
      '## Two',
      '```yaml',
      'kubectl: none',
      '```',
      '```console',
      '$ berth version; echo $?',
      'berth 1',
      '0',
      '```',
    ].join('\n');
    const base = { page: 'a.md', shown: '' };
    expect(commandsOf('a.md', page)).toEqual([
      { ...base, line: 3, section: 'One', text: "kubectl get pods -l 'a # b'", place: 'block' },
      { ...base, line: 5, section: 'One', text: 'npm run demo', place: 'prose' },
      {
        ...base,
        line: 12,
        section: 'Two',
        text: 'berth version; echo $?',
        place: 'block',
        shown: 'berth 1\n0\n',
      },
    ]);
  });
});

describe('what a page shows', () => {
  it('is compared line by line, but for times, addresses and what an ellipsis leaves out', () => {
    const printed = 'ready after 12 ms\nat https://127.0.0.1:41837/\nlast line\n';
    expect(difference('ready after 7 ms\nat https://192.168.49.2:8443/\nlast line', printed)).toBeUndefined();
    expect(difference('…\nlast…\n', printed)).toBeUndefined();
    expect(difference('ready after 7 ms\n…', printed)).toBeUndefined();
    expect(difference('ready after 7 ms', printed)).toContain('nothing more');
    expect(difference('ready\n…', printed)).toContain('shown:   ready');
    expect(difference(`${printed}more`, printed)).toContain('printed: nothing more');
  });
});

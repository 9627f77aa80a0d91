import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { separateDocuments } from '../../../src/config/berth-configuration.js';
import { type LoadOptions, loadConfiguration } from '../../../src/config/load.js';
import { toVersioned } from '../../../src/config/versioned.js';
import { describeError } from '../../../src/errors.js';

const scheduler = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: berth
    plugins:
      score:
        enabled:
          - name: Mine
`;
const ours = `apiVersion: berth.dev/v1alpha1
kind: BerthConfiguration
plugins:
  - name: Mine
    module: ./mine.ts
`;

const load = (text: string, options: LoadOptions = {}) =>
  loadConfiguration('dir/config.yaml', {}, { readFile: () => text, ...options });

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const described = describeError(error);
    expect(described.exitCode).toBe(2);
    return described.line;
  }
  throw new Error('it was accepted');
}

describe('the BerthConfiguration beside a KubeSchedulerConfiguration', () => {
  it.each([
    ['after it', `${scheduler}---\n${ours}`],
    ['before it', `${ours}---\n${scheduler}`],
    ['with separators at both ends', `# mine\n---\n${scheduler}---\n${ours}`],
  ])('names plugins that profiles may then enable, standing %s', (_where, text) => {
    const configuration = load(text);
    expect(configuration.berth?.plugins).toEqual([
      {
        name: 'Mine',
        module: './mine.ts',
        folder: resolve('dir'),
        where: expect.stringMatching(/^dir\/config\.yaml:\d+:5$/),
        onFault: 'FailPod',
        timeLimitMs: 500,
        bindingTimeLimitMs: 10_000,
        breaker: { faults: 5, windowMs: 60_000, pauseMs: 30_000 },
      },
    ]);
    expect(configuration.profiles[0]?.plugins.score.enabled).toEqual([{ name: 'Mine' }]);
  });

  it('says where in the file it names a module, whatever stands before', () => {
    expect(load(`${scheduler}---\n${ours}`).berth?.plugins[0]?.where).toBe('dir/config.yaml:14:5');
  });

  it('leaves what kube-scheduler reads as it was: problems there keep their lines', () => {
    const broken = scheduler.replace('enabled:', 'enbled:');
    expect(refusal(() => load(`${ours}---\n${broken}`))).toBe(
      'dir/config.yaml:13:9: profiles[0].plugins.score.enbled: unknown field; did you mean "enabled"?',
    );
  });

  it('is not part of what the program shows as its configuration in kube-scheduler’s format', () => {
    expect(JSON.stringify(toVersioned(load(`${scheduler}---\n${ours}`)))).not.toContain('berth.dev');
  });

  it('may stand alone in a file: the profiles are then those of the defaults', () => {
    expect(load(ours).profiles.map(({ schedulerName }) => schedulerName)).toEqual(['berth']);
  });

  it('may be a file of its own, and then its paths are relative to that', () => {
    const files = new Map([
      ['dir/config.yaml', scheduler],
      ['other/berth.yaml', ours],
    ]);
    const configuration = loadConfiguration(
      'dir/config.yaml',
      {},
      { readFile: (path) => files.get(path)!, berthConfigPath: 'other/berth.yaml' },
    );
    expect(configuration.berth?.plugins).toMatchObject([
      { name: 'Mine', folder: resolve('other'), where: 'other/berth.yaml:5:5' },
    ]);
  });

  it('takes every setting', () => {
    const full = `${ours}    onFault: SkipPlugin
    timeLimit: 50ms
    bindingTimeLimit: 1m
    breaker: {faults: 2, window: 10s, pause: 5s}
`;
    expect(load(`${scheduler}---\n${full}`).berth?.plugins[0]).toMatchObject({
      onFault: 'SkipPlugin',
      timeLimitMs: 50,
      bindingTimeLimitMs: 60_000,
      breaker: { faults: 2, windowMs: 10_000, pauseMs: 5_000 },
    });
    expect(load(`${scheduler}---\n${ours}    timeLimit: 0s\n`).berth?.plugins[0]?.timeLimitMs).toBe(0);
  });
});

describe('a BerthConfiguration that is wrong', () => {
  const plugin = (lines: string): string =>
    `${scheduler}---\n${ours.replace('    module: ./mine.ts\n', lines)}`;
  it.each([
    [
      'an unknown field',
      plugin('    modul: ./mine.ts\n'),
      '13:5: plugins[0].module: Required value; dir/config.yaml:14:5: plugins[0].modul: unknown field; did you mean "module"?',
    ],
    ['no module', plugin(''), '13:5: plugins[0].module: Required value'],
    [
      'a module that is no text',
      plugin('    module: [a]\n'),
      '14:5: plugins[0].module: expected a text, got a list',
    ],
    [
      'an unknown effect of faults',
      plugin('    module: ./m.ts\n    onFault: SkipPlugins\n'),
      '15:5: plugins[0].onFault: Unsupported value: "SkipPlugins": supported values: "FailPod", "SkipPlugin"; did you mean "SkipPlugin"?',
    ],
    [
      'a time limit that is no duration',
      plugin('    module: ./m.ts\n    timeLimit: 50\n'),
      '15:5: plugins[0].timeLimit: Invalid value: 50: must be a duration such as 50ms, 2s or 1m30s, or 0',
    ],
    [
      'a breaker that never opens',
      plugin('    module: ./m.ts\n    breaker: {faults: 0}\n'),
      '15:15: plugins[0].breaker.faults: Invalid value: 0: must be a whole number greater than 0',
    ],
    [
      'a plugin of kube-scheduler',
      `${scheduler}---\n${ours.replace('Mine', 'NodeAffinity')}`,
      '13:5: plugins[0].name: Invalid value: "NodeAffinity": is the name of a plugin of kube-scheduler; give yours another',
    ],
    [
      'a plugin named twice',
      `${scheduler}---\n${ours}  - {name: Mine, module: ./other.ts}\n`,
      '15:6: plugins[1].name: Duplicate value: "Mine"',
    ],
    [
      'another version',
      `${scheduler}---\n${ours.replace('v1alpha1', 'v1')}`,
      '10:1: apiVersion: Unsupported value: "berth.dev/v1": supported values: "berth.dev/v1alpha1"',
    ],
    [
      'another kind',
      `${scheduler}---\n${ours.replace('BerthConfiguration', 'BerthConfig')}`,
      '11:1: kind: Unsupported value: "BerthConfig": supported values: "BerthConfiguration"',
    ],
    [
      'plugins that are no list',
      `${scheduler}---\n${ours.replace(/ {2}- name(.|\n)*/, '  Mine: 1\n')}`,
      '12:1: plugins: expected a list, got a mapping',
    ],
    [
      'bad YAML',
      `${scheduler}---\n${ours}  - {name: x\n`,
      '16:1: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }',
    ],
    [
      'a second one',
      `${scheduler}---\n${ours}---\n${ours}`,
      '15:1: more than one document in the file; keep one; only a BerthConfiguration may stand beside it',
    ],
  ])('is refused with its place for %s', (_what, text, expected) => {
    expect(refusal(() => load(text))).toBe(`dir/config.yaml:${expected}`);
  });

  it('is refused when it is given twice, or when a file of its own holds something else', () => {
    const options = { berthConfigPath: 'own.yaml' };
    expect(refusal(() => load(`${scheduler}---\n${ours}`, options))).toBe(
      '--berth-config: the BerthConfiguration is given twice: in dir/config.yaml and in own.yaml; keep one of the two',
    );
    expect(refusal(() => load(scheduler, options))).toContain(
      'own.yaml:1:1: apiVersion: Unsupported value: "kubescheduler.config.k8s.io/v1"',
    );
  });

  it('does not hide an enabled plugin that nobody brings', () => {
    expect(refusal(() => load(`${scheduler}---\n${ours.replace('name: Mine', 'name: Other')}`))).toContain(
      'ScorePlugin "Mine" does not exist',
    );
  });
});

describe('documents of a file', () => {
  it('are not torn apart by dashes that do not stand at the beginning of a line of their own', () => {
    const text = `${scheduler}# ---\n#\nparallelism: 16 # --- no\n`;
    expect(separateDocuments(text)).toEqual({ scheduler: text, berth: undefined });
  });

  it('keep their lines', () => {
    const { scheduler: left, berth } = separateDocuments(`${scheduler}---\n${ours}`);
    expect(left.split('\n').length).toBe(berth?.split('\n').length);
    expect(berth?.split('\n').findIndex((line) => line.startsWith('apiVersion'))).toBe(9);
  });
});

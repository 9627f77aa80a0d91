import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import {
  type GoldenFile,
  type GoldenPod,
  listGoldenFiles,
  readGoldenFile,
  UnreadableGolden,
} from './golden-file.js';
import { textReport } from './report.js';
import { judgeFile } from './run.js';
import { type Subject, subjects, Tally } from './tally.js';

const golden = fileURLToPath(new URL('golden', import.meta.url));
const files = listGoldenFiles([golden]);
const profiles = [
  'basic',
  'taints',
  'nodeaffinity',
  'ports',
  'spread',
  'interpod',
  'resources',
  'images',
  'volumes',
  'preemption',
  'mixed',
];

type Mutable<T> = T extends object ? { -readonly [Key in keyof T]: Mutable<T[Key]> } : T;

const tally = new Tally();
for (const path of files) judgeFile(readGoldenFile(path), tally);

function count(profile: string, subject: Subject) {
  return tally.counts.get(profile)!.get(subject)!;
}

describe('golden decisions of kube-scheduler', () => {
  it('are all there', () => {
    expect(files.length).toBeGreaterThanOrEqual(132);
    expect(tally.files).toBe(files.length);
    expect([...tally.counts.keys()].sort()).toEqual([...profiles].sort());
  });

  it('agree in everything', () => {
    expect(tally.disagreements.slice(0, 5)).toEqual([]);
  });

  it.each(profiles)('say something of everything in profile %s', (profile) => {
    for (const subject of subjects) {
      // Nobody is evicted where no pod is more important than another.
      if (subject === 'victims') continue;
      expect({ subject, agree: count(profile, subject).agree }).not.toEqual({ subject, agree: 0 });
    }
  });

  it('find victims where pods differ in importance', () => {
    expect(count('preemption', 'victims').agree).toBeGreaterThan(500);
  });
});

const found = listGoldenFiles([fileURLToPath(new URL('golden-found', import.meta.url))]);

describe('cases that once found something', () => {
  it.each(found.map((path) => [path.slice(path.lastIndexOf('/') + 1), path]))('agree: %s', (_name, path) => {
    const judged = new Tally();
    judgeFile(readGoldenFile(path!), judged);
    expect(judged.disagreements).toEqual([]);
  });
});

describe('the judge of golden files', () => {
  const original = readGoldenFile(files.find((path) => path.endsWith('basic-1.json.gz'))!);

  /** Judges a copy of a file in which something was changed. */
  function judgeChanged(change: (file: GoldenFile) => void): Tally {
    const file = structuredClone(original);
    change(file);
    const changed = new Tally();
    judgeFile(file, changed);
    return changed;
  }

  function anyPod(file: GoldenFile, wanted: (pod: GoldenPod) => boolean): Mutable<GoldenPod> {
    return file.verdict.pods.find(wanted) as Mutable<GoldenPod>;
  }

  it.each<[string, Subject, (file: GoldenFile) => void]>([
    [
      'a node that should have been refused',
      'node verdicts',
      (file) => {
        const pod = anyPod(file, ({ feasible }) => (feasible?.length ?? 0) > 1);
        const node = pod.feasible!.pop()!;
        pod.rejected = {
          ...pod.rejected,
          [node]: { plugin: 'NodePorts', code: 'Unschedulable', reasons: ['x'] },
        };
      },
    ],
    [
      'another reason',
      'reasons',
      (file) => {
        const pod = anyPod(file, ({ rejected }) => Object.keys(rejected ?? {}).length > 0);
        Object.values(pod.rejected!)[0]!.reasons = ['too green'];
      },
    ],
    [
      'another raw score',
      'raw scores',
      (file) => {
        const { scores } = anyPod(file, (pod) => pod.scores !== undefined);
        Object.values(scores!.nodes)[0]!.raw[scores!.plugins.indexOf('NodeResourcesFit')]! += 1;
      },
    ],
    [
      'another message',
      'messages',
      (file) => {
        const pod = anyPod(file, ({ fitMessage }) => fitMessage !== undefined);
        pod.fitMessage += ' ';
      },
    ],
    [
      'another total',
      'totals',
      (file) => {
        const { scores } = anyPod(file, (pod) => pod.scores !== undefined);
        Object.values(scores!.nodes)[0]!.total += 1;
      },
    ],
    [
      'another best node',
      'best sets',
      (file) => {
        anyPod(file, ({ best }) => best !== undefined).best = ['elsewhere'];
      },
    ],
    [
      'other preemption statuses',
      'preemption',
      (file) => {
        anyPod(file, ({ postFilter }) => postFilter !== undefined).postFilter!.code = 'Pending';
      },
    ],
    [
      'other effective requests',
      'requests',
      (file) => {
        anyPod(file, () => true).requests.milliCPU += 1;
      },
    ],
    [
      'another sum on a node',
      'node accounting',
      (file) => {
        Object.assign(Object.values(file.verdict.nodes)[0]!.requested, { memory: 1 });
      },
    ],
  ])('notices %s', (_what, subject, change) => {
    const changed = judgeChanged(change);
    expect(changed.disagreements.map((found) => found.subject)).toContain(subject);
    expect(textReport(changed, { limit: 3 })).toContain(subject);
  });

  it('says what is wrong with a file that is no golden file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-golden-'));
    const cases = { 'broken.json': '{', 'empty.json': '{}', 'plain.json.gz': 'not packed' };
    for (const [name, text] of Object.entries(cases)) writeFileSync(join(folder, name), text);
    for (const path of listGoldenFiles([folder]))
      expect(() => readGoldenFile(path)).toThrow(UnreadableGolden);
    expect(() => listGoldenFiles([join(folder, 'absent')])).toThrow('no such file or folder');
  });
});

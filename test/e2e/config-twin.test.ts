import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import PQueue from 'p-queue';
import { loadConfiguration } from '../../src/config/load.js';
import { toVersioned } from '../../src/config/versioned.js';
import { ensureBinaries } from '../controlplane/build.js';
import { projectRoot } from '../controlplane/project-root.js';
import { type Answer, askBerth, askKubeScheduler, writeFile } from './config-twin/both-sides.js';
import { differences } from './config-twin/compare.js';
import { configzOfKubeScheduler } from './config-twin/configz.js';
import { type GeneratedFile, generateFiles } from './config-twin/generate.js';

const SEED = Number(process.env.CONFIG_TWIN_SEED ?? 1);
const COUNT = Number(process.env.CONFIG_TWIN_COUNT ?? 200);
const EXAMPLES = join(projectRoot(), 'test', 'e2e', 'config-twin', 'examples');
const parsedHead = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const fileName = (text: string): string => `${text.replaceAll(/\W+/g, '-')}.yaml`;
const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

describe('kube-scheduler and Berth', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-config-twin-'));
  let program: string;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    program = (await ensureBinaries()).programs['kube-scheduler'];
  }, 900_000);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function askBoth({
    name,
    text,
  }: GeneratedFile): Promise<readonly [kubeScheduler: Answer, berth: Answer]> {
    writeFile(folder, name, text);
    return [await askKubeScheduler(program, folder, name), await askBerth(folder, name)];
  }

  it(`make the same of ${COUNT} generated files (seed ${SEED})`, async () => {
    const files = generateFiles(SEED, COUNT);
    const queue = new PQueue({ concurrency: 4 });
    let accepted = 0;
    const found = await queue.addAll(
      files.map((file) => async () => {
        const [kubeScheduler, berth] = await askBoth(file);
        if (kubeScheduler.accepted) accepted += 1;
        const different = differences(kubeScheduler, berth);
        return different.length === 0 ? [] : [`${file.name}:\n${different.join('\n')}\n${file.text}`];
      }),
    );
    console.log(`${files.length} files, of which kube-scheduler accepts ${accepted}`);
    expect(found.flat()).toEqual([]);
    // Neither side of the comparison is empty.
    expect(accepted).toBeGreaterThan(files.length / 5);
    expect(files.length - accepted).toBeGreaterThan(files.length / 5);
  }, 300_000);

  it.each(readdirSync(EXAMPLES))('make the same of the documented example %s', async (name) => {
    const [kubeScheduler, berth] = await askBoth({ name, text: readFileSync(join(EXAMPLES, name), 'utf8') });
    expect(differences(kubeScheduler, berth)).toEqual([]);
  });

  it.each([
    ['a second document', `${head}---\nparallelism: 4\n`, 'more than one document in the file'],
    [
      'a deadline that leaves no room for a second try',
      `${head}leaderElection: {renewDeadline: 2.1s}\n`,
      'renewDeadline must be greater than retryPeriod*JitterFactor',
    ],
    [
      'a number beyond 2^53',
      `${head}podMaxBackoffSeconds: 9007199254740993\n`,
      'expected an integer that fits its field',
    ],
    ...['GangScheduling', 'TopologyPlacementGenerator', 'PodGroupPodsCount', 'DeferredPodScheduling'].map(
      (name) => [
        name,
        `${head}profiles: [{plugins: {multiPoint: {enabled: [{name: ${name}}]}}}]\n`,
        `plugin "${name}" does not exist`,
      ],
    ),
  ])('differ as documented: only Berth refuses %s', async (name, text, reason) => {
    const [kubeScheduler, berth] = await askBoth({ name: fileName(name), text });
    expect(kubeScheduler.accepted).toBe(true);
    expect(berth).toEqual({ accepted: false, reason: expect.stringContaining(reason) });
  });

  it.each([
    ['JSON with a comment', `${JSON.stringify(parsedHead)} # so\n`],
    ['a file of one flow mapping', `{apiVersion: ${parsedHead.apiVersion}, kind: ${parsedHead.kind}}\n`],
    [
      'a whole number with a point in JSON',
      `${JSON.stringify({ ...parsedHead, parallelism: 4 }).replace(':4', ':4.0')}\n`,
    ],
    ...['v1beta1', 'v1beta2', 'v1beta3'].map((version) => [version, head.replace('/v1', `/${version}`)]),
  ])('differ as documented: only kube-scheduler refuses %s', async (name, text) => {
    const [kubeScheduler, berth] = await askBoth({ name: fileName(name), text });
    expect({ kubeScheduler: kubeScheduler.accepted, berth: berth.accepted }).toEqual({
      kubeScheduler: false,
      berth: true,
    });
  });

  it('show the same under /configz', async () => {
    const file = join(folder, 'shown.yaml');
    writeFile(
      folder,
      'shown.yaml',
      `${head}leaderElection: {leaderElect: false, resourceName: a, resourceNamespace: b}
clientConnection: {qps: 0.1}
extenders: [{urlPrefix: "http://x", filterVerb: f, managedResources: [{name: a.b/c, ignoredByScheduler: true}]}, {}]
profiles:
- schedulerName: a
  plugins: {score: {enabled: [{name: ImageLocality}]}, multiPoint: {disabled: [{name: VolumeBinding}]}}
  pluginConfig: [{name: VolumeBinding}, {name: Foo, args: {b: 1, a: 2.50}}, {name: NodeName, args: x}, {name: InterPodAffinity}]
- schedulerName: b
  percentageOfNodesToScore: 7
`,
    );
    const shown = await configzOfKubeScheduler(program, file);
    expect({ componentconfig: toVersioned(loadConfiguration(file)) }).toEqual(shown);
  });

  it('have the same default configuration', async () => {
    const [kubeScheduler, berth] = await askBoth({ name: 'default.yaml', text: head });
    expect(kubeScheduler.accepted).toBe(true);
    expect(berth).toEqual(kubeScheduler);
  });
});

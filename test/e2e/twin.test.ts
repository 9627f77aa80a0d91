import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kubernetesVersion } from '../../src/version.js';
import { chosenRelease } from '../controlplane/build.js';
import { projectRoot } from '../controlplane/project-root.js';
import { berthAnswers } from './audit.js';
import { BerthProcess } from './berth-process.js';
import { startCluster, type TestCluster } from './cluster-setup.js';
import { readScenarios } from './twin/scenario.js';
import { TwinCluster } from './twin/twin-cluster.js';
import { type Report, TwinRun } from './twin/twin-run.js';

const FOLDER = join(projectRoot(), 'test', 'e2e', 'scenarios');
/** A regular expression for scenarios' names, for work on some of them. */
const ONLY = process.env.TWIN_ONLY ?? '';
const ALL = readScenarios(FOLDER);
const CHOSEN = ALL.filter(({ name }) => new RegExp(ONLY).test(name));
const MINOR = Number((chosenRelease(process.env) ?? kubernetesVersion).split('.')[1]);
const SCENARIOS = CHOSEN.filter(({ sinceMinor }) => sinceMinor <= MINOR);
const TOO_NEW = CHOSEN.filter(({ sinceMinor }) => sinceMinor > MINOR);

describe('kube-scheduler and Berth, each on a cluster of its own, do the same with', () => {
  const clusters: TestCluster[] = [];
  const reports = new Map<string, Report & { readonly seconds: number }>();
  let kubeScheduler: TwinCluster;
  let berth: TwinCluster;
  let complaints = (): string[] => [];
  /** Ends with the scenario before: one that takes longer than jest allows goes on for a while. */
  let turn: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    // Volumes are bound by looking around from time to time: the default is every 15 seconds.
    const controllerManagerArgs = ['--pvclaimbinder-sync-period=1s'];
    const [first, second] = await Promise.all([
      startCluster([], { controllerManagerArgs }),
      startCluster([], { controllerManagerArgs, components: { scheduler: false } }),
    ]);
    clusters.push(first, second);
    // Without election: a machine that is busy with two control planes may keep Berth from its lease, which is not the matter here.
    const args = ['--leader-elect=false'];
    const { child } = await BerthProcess.start(second.plane, { ...second, args });
    complaints = () => child.stdout().concat(child.stderr()).split('\n').filter(isComplaint);
    kubeScheduler = await TwinCluster.start('default-scheduler', first.plane);
    berth = await TwinCluster.start('berth', second.plane);
    for (const cluster of [kubeScheduler, berth])
      await Promise.all(SCENARIOS.map(({ name }) => cluster.createNamespace(name)));
  }, 120_000);

  afterAll(async () => {
    const done = [...reports.values()];
    const sum = (part: 'judged' | 'ties' | 'moves'): number =>
      done.reduce((total, report) => total + report[part], 0);
    const slowest = [...reports].sort(([, a], [, b]) => b.seconds - a.seconds).slice(0, 5);
    console.log(
      `${done.length} scenarios, ${sum('judged')} decisions judged, ${sum('ties')} of them ties of which ` +
        `${sum('moves')} went two ways; slowest: ` +
        slowest.map(([name, { seconds }]) => `${name} ${seconds.toFixed(1)} s`).join(', '),
    );
    if (complaints().length > 0) console.log(['Berth complains:', ...complaints()].join('\n'));
    await Promise.all([kubeScheduler?.pods.stop(), berth?.pods.stop()]);
    await Promise.all(clusters.map(({ plane }) => plane.stop()));
  });

  it.each(SCENARIOS)(
    '$name',
    async (scenario) => {
      const begin = performance.now();
      const run = turn.then(() => new TwinRun(kubeScheduler, berth, scenario).run());
      turn = run.catch(() => undefined);
      const report = await run;
      reports.set(scenario.name, { ...report, seconds: (performance.now() - begin) / 1_000 });
      expect(report.differences).toEqual([]);
    },
    90_000,
  );

  // An older API server does not take these as they are written.
  for (const { name, sinceMinor } of TOO_NEW) it.skip(`${name} (since Kubernetes 1.${sinceMinor})`, () => {});

  it('what no less than thirty files say', () => {
    expect(ALL.length).toBeGreaterThanOrEqual(30);
  });

  it('all of it with the rights that the manifests give', async () => {
    expect(await berthAnswers(berth.plane, 401, 403)).toEqual({});
  });
});

function isComplaint(line: string): boolean {
  return line !== '' && !/"level":"(info|debug)"/.test(line);
}

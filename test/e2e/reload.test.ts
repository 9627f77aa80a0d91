import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MountedFolder } from '../mounted-folder.js';
import { berthAnswers, bindersOfAll, placementFaults, type SchedulingEvent } from './audit.js';
import { BERTH_USER } from './berth-installation.js';
import { BerthProcess, UNHURRIED } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { createPods, replicas } from './workload.js';

const PODS = 2_000;
const CONFIG = 'config.yaml';
const NODES = [
  ...nodeGroup(25, { name: 'left', labels: { side: 'left' } }),
  ...nodeGroup(25, { name: 'right', labels: { side: 'right' } }),
];

/** All pods of the profile go to nodes of one side, however many there are. */
function towards(side: 'left' | 'right'): string {
  return `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: berth
    pluginConfig:
      - name: NodeAffinity
        args:
          addedAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
              nodeSelectorTerms:
                - matchExpressions: [{key: side, operator: In, values: [${side}]}]
`;
}

/** Turns pods away from the left by a plugin of TypeScript. */
const AWAY_FROM_LEFT: Readonly<Record<string, string>> = {
  [CONFIG]: `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: berth
    plugins: {filter: {enabled: [{name: AwayFromLeft}]}}
---
apiVersion: berth.dev/v1alpha1
kind: BerthConfiguration
plugins:
  - {name: AwayFromLeft, module: ./away-from-left.ts}
`,
  'away-from-left.ts': `import { definePlugin, unschedulable } from 'berth';
export const plugin = definePlugin({
  name: 'AwayFromLeft',
  points: ['filter'],
  create: () => ({
    filter: (_pod, node) => (node.labels.side === 'left' ? unschedulable('left is left out') : undefined),
  }),
});
`,
};

describe('a configuration that changes in the middle of 2,000 pods', () => {
  let cluster: TestCluster;
  let berth: BerthProcess;
  let watch: PodWatch;
  let mounted: MountedFolder;
  /** Sides of the nodes that pods went to, in the order in which that was seen. */
  const sides: string[] = [];
  const seen = new Set<string>();
  /** Lists that Berth had read again by the time it bound pods: a leader that was not elected at once catches up by one of each kind. */
  let relistsBefore: number;

  beforeAll(async () => {
    cluster = await startCluster(NODES);
    watch = await PodWatch.start(cluster.plane.api, {
      onChange: (pods) => {
        for (const { metadata, spec } of pods) {
          if (spec.nodeName === undefined || seen.has(metadata.uid)) continue;
          seen.add(metadata.uid);
          sides.push(spec.nodeName.split('-')[0] ?? '');
        }
      },
    });
    mounted = new MountedFolder({ [CONFIG]: towards('left') });
    const args = ['--config', mounted.file(CONFIG), '--reload-interval', '100ms', ...UNHURRIED];
    berth = await BerthProcess.start(cluster.plane, { ...cluster, args });
  }, 120_000);

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
    mounted?.remove();
  });

  async function generation(wanted: number): Promise<void> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20))
      if ((await berth.metric('berth_configuration_generation')) === wanted) return;
    throw new Error(`not at generation ${wanted}; the end of its output:\n${berth.child.tail(20)}`);
  }

  async function relists(): Promise<number> {
    return (await berth.metric('berth_reflector_relists_total')) ?? 0;
  }

  async function refusals(wanted: number): Promise<void> {
    const refused = () => berth.metric('berth_configuration_reloads_total', { result: 'refused' });
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20))
      if ((await refused()) === wanted) return;
    throw new Error(`no refusal ${wanted}; the end of its output:\n${berth.child.tail(20)}`);
  }

  it('decides where the next pods go, and loses none', async () => {
    const created = createPods(cluster.plane.api, replicas(PODS, { name: 'pod', requests: { cpu: '10m' } }));
    await watch.until('a quarter bound', () => watch.boundCount() >= PODS / 4, 120_000);
    relistsBefore = await relists();
    mounted.update({ [CONFIG]: towards('right') });
    await generation(2);
    const atChange = sides.length;
    await watch.until('half of them bound', () => watch.boundCount() >= PODS / 2, 120_000);
    mounted.update({ [CONFIG]: towards('left').replace('addedAffinity', 'addedAfinity') });
    await refusals(1);
    const atRefusal = sides.length;
    await watch.until('three quarters bound', () => watch.boundCount() >= (PODS * 3) / 4, 120_000);
    mounted.update(AWAY_FROM_LEFT);
    await generation(3);
    await created;
    await watch.until('all pods bound', () => watch.boundCount() === PODS, 120_000);
    console.log(`changed after ${atChange} pods, refused a change after ${atRefusal}`);

    // What was decided before the change may be bound after it: bindings under way, and what of them was not seen yet.
    const underWay = 200;
    expect(new Set(sides.slice(0, PODS / 4))).toEqual(new Set(['left']));
    expect(sides.at(-1)).toBe('right');
    expect(sides.lastIndexOf('left') - sides.indexOf('right')).toBeLessThan(underWay);
  }, 300_000);

  it('binds each pod once, and heeds all else', async () => {
    const names = watch.pods().map(({ pod }) => pod.metadata.name);
    const binders = [...(await bindersOfAll(cluster.plane, names)).values()];
    expect(binders.filter((by) => by.join() !== BERTH_USER)).toEqual([]);
    expect(binders).toHaveLength(PODS);
    expect(watch.moved).toEqual([]);
    expect(await placementFaults(cluster.plane)).toEqual([]);
  });

  it('never restarted for it, nor lists anything again', async () => {
    expect(berth.child.running).toBe(true);
    expect(await relists()).toBe(relistsBefore);
    expect(await berth.metric('scheduler_pending_pods')).toBe(0);
    expect(await berthAnswers(cluster.plane, 401, 403)).toEqual({});
  });

  it('tells of what took effect and what did not in events on the Lease', async () => {
    const path = '/apis/events.k8s.io/v1/namespaces/berth-system/events';
    const ofLease = async () =>
      (await cluster.plane.api.get<{ items: SchedulingEvent[] }>(path)).items.filter(
        ({ action, regarding }) => action === 'Reloading' && regarding.kind === 'Lease',
      );
    for (const deadline = Date.now() + 60_000; Date.now() < deadline && (await ofLease()).length < 3; )
      await sleep(100);
    const told = (await ofLease()).map(({ type, reason, note }) => `${type} ${reason} ${note}`).sort();
    expect(told).toEqual([
      'Normal ConfigurationReloaded Generation 2 of the configuration is in effect',
      'Normal ConfigurationReloaded Generation 3 of the configuration is in effect',
      expect.stringMatching(
        /^Warning ConfigurationRefused Generation 2 stays in effect, .*did you mean "addedAffinity"\?$/,
      ),
    ]);
  }, 90_000);
});

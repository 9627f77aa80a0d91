import { afterEach, describe, expect, it } from '@jest/globals';
import { Berth } from '../../src/berth.js';
import { loadConfiguration } from '../../src/config/load.js';
import { openFence } from '../../src/kube/write-fence.js';
import { silentLogger } from '../../src/observe/logger.js';
import { Metrics } from '../../src/observe/metrics.js';
import { objectKinds } from '../../src/scheduler/object-kinds.js';
import { ManualClock } from '../manual-clock.js';
import { until } from './kube/until.js';
import { WatchedCollections } from './watched-collections.js';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Berth with one profile, watching until the test is over. */
function watching(transport: WatchedCollections, disabled: readonly string[]): Berth {
  const plugins = { multiPoint: { disabled: disabled.map((name) => ({ name })) } };
  const document = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: { leaderElect: false },
    profiles: [{ schedulerName: 'berth', plugins }],
  };
  const configuration = loadConfiguration('berth.yaml', {}, { readFile: () => JSON.stringify(document) });
  const metrics = new Metrics();
  const berth = new Berth({
    transport,
    configuration,
    fence: openFence,
    metrics,
    logger: silentLogger,
    clock: new ManualClock(),
    random: () => 0.5,
  });
  const stop = new AbortController();
  const running = berth.watch({ signal: stop.signal });
  ends.push(async () => {
    stop.abort();
    await running;
    berth.abandon();
    metrics.close();
  });
  return berth;
}

const volumePlugins = ['VolumeRestrictions', 'NodeVolumeLimits', 'VolumeBinding', 'VolumeZone'];
const pathsOf = (...resources: readonly string[]) =>
  objectKinds.filter(({ resource }) => resources.includes(resource)).map(({ path }) => path);

describe('what Berth watches', () => {
  it('is, with the plugins of kube-scheduler, what kube-scheduler watches', async () => {
    const transport = new WatchedCollections();
    const berth = watching(transport, []);
    await until(() => berth.synced);
    expect([...transport.listed].sort()).toEqual(
      ['/api/v1/nodes', '/api/v1/pods', ...objectKinds.map(({ path }) => path)].sort(),
    );
    expect(berth.policy.watchedKinds).toEqual(objectKinds);
  });

  it.each([
    [
      'volumes and what belongs to them',
      volumePlugins,
      pathsOf(
        'persistentvolumes',
        'persistentvolumeclaims',
        'storageclasses',
        'csinodes',
        'csidrivers',
        'csistoragecapacities',
        'volumeattachments',
      ),
    ],
    ['disruption budgets', ['DefaultPreemption'], pathsOf('poddisruptionbudgets')],
    [
      'services and controllers',
      ['PodTopologySpread'],
      pathsOf('services', 'replicationcontrollers', 'replicasets', 'statefulsets'),
    ],
    ['namespaces', ['InterPodAffinity'], pathsOf('namespaces')],
  ])('does not include %s when the plugins that read them are disabled', async (_, disabled, unread) => {
    const transport = new WatchedCollections();
    const berth = watching(transport, disabled);
    await until(() => berth.synced);
    const missing = objectKinds.map(({ path }) => path).filter((path) => !transport.listed.includes(path));
    expect(missing.sort()).toEqual([...unread].sort());
    expect(disabled.some((name) => berth.policy.enabledPlugins.has(name))).toBe(false);
  });

  it('must be there in full before Berth counts as synced: a pod is not decided before its claims are known', async () => {
    const transport = new WatchedCollections();
    const release = transport.hold('/api/v1/persistentvolumeclaims');
    const berth = watching(transport, []);
    const others = objectKinds.map(({ path }) => path).filter((path) => !path.endsWith('claims'));
    await until(() =>
      ['/api/v1/pods', '/api/v1/nodes', ...others].every((path) => transport.isWatched(path)),
    );
    expect(berth.synced).toBe(false);
    release();
    await until(() => berth.synced);
  });
});

import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { ClusterWatch } from '../../../src/cluster-watch.js';
import { createLogger } from '../../../src/observe/logger.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { ClusterFeed } from '../../../src/scheduler/cluster-feed.js';
import { CacheCheck } from '../../../src/self-check/cache-check.js';
import { rawNode, rawPod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';
import { until } from '../kube/until.js';
import { WatchedCollections } from '../watched-collections.js';

const nodes = '/api/v1/nodes';
const pods = '/api/v1/pods';

let transport: WatchedCollections;
let cluster: ClusterState;
let watch: ClusterWatch;
let metrics: Metrics;
let check: CacheCheck;
let stream: PassThrough;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  transport = new WatchedCollections();
  transport.put(nodes, rawNode({ name: 'a' }));
  cluster = new ClusterState();
  metrics = new Metrics();
  stream = new PassThrough();
  const clock = new ManualClock();
  const logger = createLogger({ format: 'json', transport: new winston.transports.Stream({ stream }) });
  const profiles = new Map([['berth', { preEnqueue: [], hints: new HintTable([]) }]]);
  const queue = new SchedulingQueue({ profiles, less: () => false, clock });
  const feed = new ClusterFeed({ cluster, queue, isOurs: () => true });
  watch = new ClusterWatch({ transport, clock, random: () => 0.5, metrics, logger, feed, objectFeeds: [] });
  check = new CacheCheck({ watch, cluster, clock, metrics, logger });
  stop = new AbortController();
  running = watch.run({ signal: stop.signal });
  await until(() => watch.synced && transport.isWatched(nodes) && transport.isWatched(pods));
});

afterEach(async () => {
  stop.abort();
  await running;
  metrics.close();
});

async function shown(): Promise<string> {
  return (await metrics.render()).body;
}

describe('the check of the cache', () => {
  it('finds nothing where the watch has told everything', async () => {
    transport.send(pods, 'ADDED', rawPod({ uid: 'one', nodeName: 'a' }));
    await until(() => cluster.podCount === 1);
    transport.put(pods, { ...rawPod({ uid: 'one', nodeName: 'a', metadata: { resourceVersion: '1001' } }) });
    expect(await check.check({ signal: stop.signal })).toBe(0);
    expect(await shown()).toContain('berth_cache_divergence{in="pods"} 0');
    expect(await shown()).toContain('berth_cache_checks_total 1');
  });

  it('finds what the watch has kept to itself, tells it, and puts it right', async () => {
    transport.put(
      pods,
      rawPod({ name: 'unheard', uid: 'one', nodeName: 'a', metadata: { resourceVersion: '900' } }),
    );
    expect(await check.check({ signal: stop.signal })).toBe(1);
    expect([cluster.podCount, watch.pods.has('one')]).toEqual([1, true]);
    expect(await shown()).toContain('berth_cache_divergence{in="pods"} 1');
    expect(await shown()).toContain('berth_cache_healed_total{in="pods"} 1');
    expect(String(stream.read())).toContain('default/unheard missing');
    expect(await check.check({ signal: stop.signal })).toBe(0);
    expect(await shown()).toContain('berth_cache_divergence{in="pods"} 0');
  });

  it('finds what was counted wrong of what the watch has told', async () => {
    transport.send(pods, 'ADDED', rawPod({ uid: 'one', nodeName: 'a' }));
    await until(() => cluster.podCount === 1);
    transport.put(pods, rawPod({ uid: 'one', nodeName: 'a', metadata: { resourceVersion: '1001' } }));
    cluster.removePod('one');
    expect(await check.check({ signal: stop.signal })).toBe(1);
    expect(cluster.podCount).toBe(1);
    expect(await shown()).toContain('berth_cache_divergence{in="state"} 1');
  });

  it('asks about all collections at once: quiet ones have nothing to say for up to a minute each', async () => {
    const release = transport.hold(nodes);
    transport.listed.length = 0;
    const checking = check.check({ signal: stop.signal });
    checking.catch(() => undefined);
    await until(() => transport.listed.includes(nodes) && transport.listed.includes(pods)).finally(release);
    expect(await checking).toBe(0);
  });
});

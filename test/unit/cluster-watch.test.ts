import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { ClusterState } from '../../src/cluster/cluster-state.js';
import { ClusterWatch } from '../../src/cluster-watch.js';
import { createLogger } from '../../src/observe/logger.js';
import { Metrics } from '../../src/observe/metrics.js';
import { HintTable } from '../../src/queue/hints.js';
import { SchedulingQueue } from '../../src/queue/scheduling-queue.js';
import { ClusterFeed } from '../../src/scheduler/cluster-feed.js';
import { ObjectFeed } from '../../src/scheduler/object-feed.js';
import { objectKinds } from '../../src/scheduler/object-kinds.js';
import { rawNode, rawPod } from '../build-objects.js';
import { ManualClock } from '../manual-clock.js';
import { rawClaim, rawVolume, withField } from './cluster/raw-objects.js';
import { until } from './kube/until.js';
import { WatchedCollections } from './watched-collections.js';

const claims = '/api/v1/persistentvolumeclaims';
const volumes = '/api/v1/persistentvolumes';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A watch of pods, nodes and these resources, running until the test is over. */
function watching(transport: WatchedCollections, ...resources: readonly string[]) {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const stream = new PassThrough();
  const logger = createLogger({ format: 'json', transport: new winston.transports.Stream({ stream }) });
  const cluster = new ClusterState();
  const profiles = new Map([['berth', { preEnqueue: [], hints: new HintTable([]) }]]);
  const queue = new SchedulingQueue({ profiles, less: () => false, clock });
  const watch = new ClusterWatch({
    transport,
    clock,
    random: () => 0.5,
    metrics,
    logger,
    feed: new ClusterFeed({ cluster, queue, isOurs: (name) => name === 'berth' }),
    objectFeeds: objectKinds
      .filter(({ resource }) => resources.includes(resource))
      .map((kind) => new ObjectFeed({ kind, cluster, queue, isAwaited: () => false })),
  });
  const stop = new AbortController();
  const running = watch.run({ signal: stop.signal });
  ends.push(async () => {
    stop.abort();
    await running;
    metrics.close();
  });
  const feedOf = (resource: string): ObjectFeed =>
    new ObjectFeed({
      kind: objectKinds.find((kind) => kind.resource === resource)!,
      cluster,
      queue,
      isAwaited: () => false,
    });
  return { watch, cluster, queue, metrics, clock, feedOf, logged: () => String(stream.read() ?? '') };
}

describe('the watch over the cluster', () => {
  it('lists and watches pods, nodes and the kinds that are asked for, and nothing else', async () => {
    const transport = new WatchedCollections();
    const { watch } = watching(transport, 'persistentvolumeclaims');
    await until(() => watch.synced);
    expect([...transport.listed].sort()).toEqual(['/api/v1/nodes', claims, '/api/v1/pods']);
    await until(() => ['/api/v1/nodes', claims, '/api/v1/pods'].every((path) => transport.isWatched(path)));
    expect(transport.isWatched(volumes)).toBe(false);
  });

  it('is synced only when the last kind was listed in full', async () => {
    const transport = new WatchedCollections();
    const release = transport.hold(claims);
    const { watch } = watching(transport, 'persistentvolumeclaims', 'persistentvolumes');
    await until(() => ['/api/v1/nodes', '/api/v1/pods', volumes].every((path) => transport.isWatched(path)));
    expect(watch.synced).toBe(false);
    release();
    await until(() => watch.synced);
  });

  it('brings everything to where decisions look for it, and keeps it there', async () => {
    const transport = new WatchedCollections();
    transport.put('/api/v1/nodes', rawNode({ name: 'n1' }));
    transport.put('/api/v1/pods', rawPod({ uid: 'bound', nodeName: 'n1' }), rawPod({ uid: 'pending' }));
    transport.put(claims, rawClaim());
    const { watch, cluster, queue } = watching(transport, 'persistentvolumeclaims', 'persistentvolumes');
    await until(() => watch.synced && transport.isWatched(claims) && transport.isWatched(volumes));
    expect([cluster.nodes.nodeCount, cluster.podCount, queue.has('pending')]).toEqual([1, 1, true]);
    expect([...watch.pods.keys()].sort()).toEqual(['bound', 'pending']);
    expect(cluster.storage.claims.get('data', 'team-a')?.volumeName).toBe('pv-1');
    transport.send(volumes, 'ADDED', rawVolume());
    await until(() => cluster.storage.volumes.get('pv-1') !== undefined);
    transport.send(claims, 'MODIFIED', withField(rawClaim(), 'spec.volumeName', 'pv-2'));
    await until(() => cluster.storage.claims.get('data', 'team-a')?.volumeName === 'pv-2');
    transport.send(claims, 'DELETED', rawClaim());
    await until(() => cluster.storage.claims.size === 0);
  });

  it('says in the log and the metrics of which kind an object could not be read, and goes on with the others', async () => {
    const transport = new WatchedCollections();
    const bad = withField(rawClaim(), 'spec.resources.requests.storage', 'much');
    const good = withField(withField(rawClaim(), 'metadata.name', 'good'), 'metadata.uid', 'uid-of-good');
    transport.put(claims, bad, good);
    const { watch, cluster, metrics, logged } = watching(transport, 'persistentvolumeclaims');
    await until(() => watch.synced);
    expect(Array.from(cluster.storage.claims.values(), ({ name }) => name)).toEqual(['good']);
    expect(logged()).toContain('"resource":"persistentvolumeclaims"');
    const { body: shown } = await metrics.render();
    expect(shown).toContain(
      'berth_reflector_disruptions_total{resource="persistentvolumeclaims",kind="unprojectable"} 1',
    );
    expect(shown).toContain('berth_reflector_synced{resource="persistentvolumeclaims"} 1');
    expect(shown).toContain('berth_reflector_last_activity_seconds{resource="persistentvolumeclaims"} 0');
    expect(shown).not.toContain('resource="persistentvolumes"');
  });

  it('takes in further kinds once all of them were listed, and is synced in the meantime', async () => {
    const transport = new WatchedCollections();
    transport.put(claims, rawClaim());
    const { watch, cluster, clock, feedOf } = watching(transport);
    await until(() => watch.synced);
    const release = transport.hold(volumes);
    let isAdded = false;
    const feeds = [feedOf('persistentvolumeclaims'), feedOf('persistentvolumes')];
    const adding = watch.add(feeds, { signal: new AbortController().signal }).then(() => {
      isAdded = true;
    });
    await until(() => transport.isWatched(claims));
    await clock.advance(1_000);
    expect([isAdded, watch.synced, watch.watches('persistentvolumeclaims')]).toEqual([false, true, false]);
    release();
    await until(() => transport.isWatched(volumes));
    await clock.advance(1_000);
    await adding;
    expect([watch.watches('persistentvolumeclaims'), watch.watches('persistentvolumes')]).toEqual([
      true,
      true,
    ]);
    expect(cluster.storage.claims.size).toBe(1);
    transport.send(claims, 'DELETED', rawClaim());
    await until(() => cluster.storage.claims.size === 0);
  });

  it('forgets what it learned of further kinds when it has to give up on one of them', async () => {
    const transport = new WatchedCollections();
    transport.put(claims, rawClaim());
    const { watch, cluster, feedOf } = watching(transport);
    await until(() => watch.synced);
    transport.hold(volumes);
    const patience = new AbortController();
    const feeds = [feedOf('persistentvolumeclaims'), feedOf('persistentvolumes')];
    const adding = watch.add(feeds, { signal: patience.signal });
    await until(() => cluster.storage.claims.size === 1);
    patience.abort(new Error('too late'));
    await expect(adding).rejects.toThrow('too late');
    await until(() => !transport.isWatched(claims));
    expect([cluster.storage.claims.size, watch.watches('persistentvolumeclaims'), watch.synced]).toEqual([
      0,
      false,
      true,
    ]);
  });

  it('shows whole objects to whoever asks later: those that are there, those that come, and none twice in vain', async () => {
    const transport = new WatchedCollections();
    transport.put('/api/v1/nodes', rawNode({ name: 'n1' }));
    transport.put('/api/v1/pods', rawPod({ uid: 'p1' }));
    const { watch } = watching(transport);
    await until(() => watch.synced && transport.isWatched('/api/v1/pods'));
    const seen: string[] = [];
    const keep = {
      pod: ({ uid }: { readonly uid: string }) => void seen.push(uid),
      node: ({ name }: { readonly name: string }) => void seen.push(name),
    };
    await watch.keep(keep, { signal: new AbortController().signal });
    expect(seen).toEqual(['n1', 'p1']);
    transport.send('/api/v1/pods', 'ADDED', rawPod({ uid: 'p2' }));
    await until(() => seen.includes('p2'));
    watch.stopKeeping(keep);
    transport.send('/api/v1/pods', 'ADDED', rawPod({ uid: 'p3' }));
    await until(() => watch.pods.has('p3'));
    expect(seen).toEqual(['n1', 'p1', 'p2']);
  });
});

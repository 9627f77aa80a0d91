import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { isBinding, type SeenRequest, type Treatment } from './fault-proxy.js';
import { SchedulingCluster } from './scheduling-cluster.js';

const podCount = 200;
const isWatch = ({ query }: SeenRequest): boolean => query.get('watch') === 'true';

let cluster: SchedulingCluster;

beforeEach(async () => {
  cluster = await SchedulingCluster.start();
  await cluster.fleet(20);
});
afterEach(() => cluster.stop());

/** Creates 200 pods that exactly fill the nodes, and makes trouble after every tenth of them. */
async function placeAmid(trouble: (round: number) => void): Promise<void> {
  for (let index = 0; index < podCount; index++) {
    cluster.pod({ name: `web-${index}`, requests: { cpu: '400m' } });
    if (index % 20 !== 19) continue;
    await new Promise((resolve) => setImmediate(resolve));
    trouble(index / 20);
  }
  await eventually('all pods to be bound', () =>
    cluster.pods().every(({ spec }) => spec.nodeName !== undefined),
  );
  await cluster.settled();
  // A watch may show a pod bound before the answer to its Binding is in.
  const told = () => cluster.outcomes.filter(({ kind }) => kind === 'bound').length;
  await eventually('the outcomes to be told', () => told() >= podCount);
}

function expectAllBoundOnce(): void {
  const { believed, stored } = cluster.views();
  expect(stored).toHaveLength(podCount);
  expect(believed).toEqual(stored);
  for (const [node, cpu] of cluster.requested()) expect([node, cpu]).toEqual([node, 4000]);
  expect(cluster.outcomes.filter(({ kind }) => kind === 'bound')).toHaveLength(podCount);
}

describe('200 pods that fill 20 nodes are all bound once', () => {
  it('while watches end again and again', async () => {
    await placeAmid(() => cluster.api.dropWatches());
    expectAllBoundOnce();
  });

  it('while watches break off', async () => {
    await placeAmid(() => cluster.api.dropWatches({ abrupt: true }));
    expectAllBoundOnce();
  });

  it('while the history that watches resume from is lost', async () => {
    await placeAmid(() => {
      cluster.api.expireHistory();
      cluster.api.dropWatches({ abrupt: true });
    });
    expectAllBoundOnce();
    const lists = cluster.proxy.seen.filter(
      (request) => request.path === '/api/v1/pods' && !isWatch(request),
    );
    expect(lists.length).toBeGreaterThan(1);
    expect(await cluster.metric('berth_reflector_relists_total')).toBeGreaterThan(0);
  });

  it('while the server answers lists and watches with errors for a time', async () => {
    let refusals = 0;
    cluster.proxy.treat = (request) => {
      if (request.method !== 'GET' || isBinding(request) || refusals >= 2) return 'forward';
      refusals += 1;
      return { status: 500, body: '{}' };
    };
    await placeAmid((round) => {
      if (round < 2) cluster.api.dropWatches({ abrupt: true });
    });
    expect(refusals).toBe(2);
    expectAllBoundOnce();
  });
});

describe('what happened while no watch was open', () => {
  /** Breaks all watches and keeps them away until the returned function is called. */
  function disconnect(options: { readonly forget: boolean }): () => void {
    const { promise, resolve } = withResolvers();
    cluster.proxy.treat = async (request): Promise<Treatment> => {
      if (request.method === 'GET') await promise;
      return 'forward';
    };
    cluster.api.dropWatches({ abrupt: true });
    return () => {
      if (options.forget) cluster.api.expireHistory();
      cluster.proxy.treat = () => 'forward';
      resolve();
    };
  }

  for (const forget of [false, true]) {
    it(`is made up for ${forget ? 'by a new list' : 'by resuming'}`, async () => {
      cluster.pod({ name: 'stays' });
      cluster.pod({ name: 'leaves' });
      cluster.pod({ name: 'returns' });
      await cluster.bound('stays', 'leaves', 'returns');
      await cluster.settled();
      const reconnect = disconnect({ forget });
      cluster.deletePod('leaves');
      cluster.deletePod('returns');
      cluster.pod({ name: 'returns' });
      cluster.pod({ name: 'foreign', nodeName: 'node-1', schedulerName: 'default-scheduler' });
      cluster.deleteNode('node-0');
      cluster.createNode({ name: 'node-20' });
      cluster.changeNode('node-2', { metadata: { labels: { changed: 'yes' } } });
      reconnect();
      cluster.pod({ name: 'picky', spec: { nodeSelector: { changed: 'yes' } } });
      await cluster.bound('returns', 'picky');
      await cluster.settled();
      const { believed, stored } = cluster.views();
      expect(believed).toEqual(stored);
      expect(cluster.nodeOf('picky')).toBe('node-2');
      const known = [...Array(20).keys()].map((index) => `node-${index + 1}`);
      const { nodes } = cluster.berth.cluster;
      expect(nodes.nodeCount).toBe(20);
      for (const name of known) expect([name, nodes.slotOf(name) === undefined]).toEqual([name, false]);
    });
  }
});

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

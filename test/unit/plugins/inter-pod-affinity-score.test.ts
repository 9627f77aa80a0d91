import { describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { InterPodAffinity } from '../../../src/plugins/inter-pod-affinity.js';
import { makeNode, makePod } from '../../build-objects.js';
import { addNamespace, app, podWith } from './inter-pod-affinity-world.js';
import { scoresOf } from './judge.js';

function clusterOf(...pods: readonly Pod[]): ClusterState {
  const cluster = new ClusterState();
  for (const name of ['a1', 'a2', 'b1']) {
    cluster.setNode(makeNode({ name, labels: { zone: name[0]!, rack: name } }));
  }
  cluster.setNode(makeNode({ name: 'bare' }));
  for (const pod of pods) cluster.setBoundPod(pod);
  return cluster;
}

const on = (nodeName: string, name: string, more: object = {}) =>
  makePod({ nodeName, labels: { app: name }, ...more });
const web = makePod({ labels: { app: 'web' } });

function scores(
  cluster: ClusterState,
  pod: Pod,
  args: { hardPodAffinityWeight?: number; ignorePreferredTermsOfExistingPods?: boolean } = {},
) {
  const defaults = { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false };
  return scoresOf(new InterPodAffinity(cluster, { ...defaults, ...args }), pod, cluster);
}

describe('InterPodAffinity, score', () => {
  it('adds the weight of each preferred term for each pod that it matches in the domain, and takes it off for anti-affinity', () => {
    const pod = podWith({
      ratherNear: [
        [5, app('db')],
        [2, app('db', 'rack')],
      ],
      ratherApart: [[3, app('foe')]],
    });
    const cluster = clusterOf(on('a1', 'db'), on('a1', 'db'), on('a2', 'foe'), on('b1', 'foe'));
    expect(scores(cluster, pod)).toEqual({ a1: 5 + 5 - 3 + 4, a2: 5 + 5 - 3, b1: -3, bare: 0 });
  });

  it('does for pods on nodes what they prefer, and what they require with the weight that the arguments say', () => {
    const cluster = clusterOf(
      podWith({ near: [app('web')] }, { nodeName: 'a1' }),
      podWith({ near: [app('web', 'rack'), app('other')] }, { nodeName: 'a2' }),
      podWith({ ratherNear: [[20, app('web')]] }, { nodeName: 'b1' }),
      podWith({ ratherApart: [[7, app('web', 'rack')]] }, { nodeName: 'b1' }),
    );
    expect(scores(cluster, web)).toEqual({ a1: 1, a2: 2, b1: 13, bare: 0 });
    expect(scores(cluster, web, { hardPodAffinityWeight: 50 })).toEqual({ a1: 50, a2: 100, b1: 13, bare: 0 });
    expect(scores(cluster, web, { hardPodAffinityWeight: 0 })).toEqual({ a1: 0, a2: 0, b1: 13, bare: 0 });
  });

  it('skips when nobody says anything of any domain', () => {
    const pod = podWith({ ratherNear: [[5, app('db')]] }, { labels: { app: 'web' } });
    expect(scores(clusterOf(), pod)).toBe('skip');
    expect(scores(clusterOf(on('bare', 'db'), on('ghost', 'db')), pod)).toBe('skip');
    expect(scores(clusterOf(podWith({ ratherNear: [[5, app('web')]] }, { nodeName: 'bare' })), web)).toBe(
      'skip',
    );
    const demanding = clusterOf(podWith({ near: [app('web')] }, { nodeName: 'a1' }));
    expect(scores(demanding, web, { hardPodAffinityWeight: 0 })).toBe('skip');
  });

  it('does not skip when what is said adds up to nothing', () => {
    const pod = podWith({ ratherNear: [[5, app('db')]], ratherApart: [[5, app('db')]] });
    expect(scores(clusterOf(on('a1', 'db')), pod)).toEqual({ a1: 0, a2: 0, b1: 0, bare: 0 });
  });

  it('ignores others, what they require included, if told so, unless the pod prefers something itself', () => {
    const others = [
      podWith({ ratherNear: [[20, app('web')]] }, { nodeName: 'a1' }),
      podWith({ near: [app('web')] }, { nodeName: 'b1' }),
    ];
    const ignoring = { ignorePreferredTermsOfExistingPods: true };
    expect(scores(clusterOf(...others), web, ignoring)).toBe('skip');
    const preferring = podWith({ ratherApart: [[9, app('nobody')]] }, { labels: { app: 'web' } });
    expect(scores(clusterOf(...others), preferring, ignoring)).toEqual({ a1: 20, a2: 20, b1: 1, bare: 0 });
  });

  it('uses the namespaces there are for the pod and the labels of its namespace for others', () => {
    const denial = {
      namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['t'] }] },
    };
    const cluster = clusterOf(
      on('a1', 'db', { namespace: 'far' }),
      podWith({ ratherNear: [[4, app('web', 'rack', denial)]] }, { nodeName: 'b1', labels: { app: 'db' } }),
    );
    addNamespace(cluster, 'far', { team: 't' });
    addNamespace(cluster, 'default', {});
    const pod = podWith({ ratherNear: [[3, app('db', 'rack', denial)]] }, { labels: { app: 'web' } });
    expect(scores(cluster, pod)).toEqual({ a1: 0, a2: 0, b1: 7, bare: 0 });
    addNamespace(cluster, 'default', { team: 't' });
    expect(scores(cluster, pod)).toBe('skip');
    addNamespace(cluster, 'far', {});
    expect(scores(cluster, pod)).toEqual({ a1: 3, a2: 0, b1: 0, bare: 0 });
  });

  it('fails the cycle on an invalid selector that PreFilter was not asked about', () => {
    const broken = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'not valid!' } } };
    const pod = podWith({ near: [broken] });
    const plugin = new InterPodAffinity(clusterOf());
    expect(plugin.preScore(undefined as never, pod)).toMatchObject({ code: 'Error' });
  });

  it.each([
    [
      [30, 1, 101],
      [28, 0, 100],
    ],
    [
      [-5, -5],
      [0, 0],
    ],
    [
      [-5, 5, 0],
      [0, 100, 50],
    ],
    [[7], [0]],
    [[], []],
  ])('normalises %j to %j', (raw, expected) => {
    const plugin = new InterPodAffinity(clusterOf());
    const all = Float64Array.of(...raw, 1000);
    plugin.normalizeScores(undefined, web, all, raw.length);
    expect([...all]).toEqual([...expected, 1000]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { makeNode, makePod } from '../../build-objects.js';
import { clusterOf } from './cluster-objects.js';
import {
  constraint,
  hostname,
  missingLabel,
  nodeIn,
  pluginFor,
  preference,
  SpreadCycle,
  spreadPod,
  terminating,
  tooSkewed,
  webPods,
  zone,
} from './spread-cluster.js';

/** One node in each of the zones a, b and c, with 2, 1 and 0 pods. */
const threeZones = () =>
  clusterOf(
    [nodeIn('a', 'na'), nodeIn('b', 'nb'), nodeIn('c', 'nc')],
    [...webPods(2, 'na'), ...webPods(1, 'nb')],
  );
const twoZones = () =>
  clusterOf([nodeIn('a', 'na'), nodeIn('b', 'nb')], [...webPods(2, 'na'), ...webPods(1, 'nb')]);
const fitting = (cluster: ReturnType<typeof clusterOf>, pod: ReturnType<typeof spreadPod>) =>
  new SpreadCycle(cluster, pod).fitting();

describe('hard spread constraints', () => {
  it('refuse a node whose domain would have more than maxSkew pods above the emptiest', () => {
    expect(new SpreadCycle(threeZones(), spreadPod([constraint()])).verdicts()).toEqual({
      na: tooSkewed,
      nb: tooSkewed,
      nc: undefined,
    });
    expect(fitting(threeZones(), spreadPod([constraint({ maxSkew: 2 })]))).toEqual(['nb', 'nc']);
    expect(fitting(threeZones(), spreadPod([constraint({ maxSkew: 3 })]))).toEqual(['na', 'nb', 'nc']);
  });

  it('measure by the emptiest domain there is, or by 0 while there are fewer than minDomains', () => {
    expect(fitting(twoZones(), spreadPod([constraint()]))).toEqual(['nb']);
    expect(fitting(twoZones(), spreadPod([constraint({ minDomains: 2 })]))).toEqual(['nb']);
    expect(fitting(twoZones(), spreadPod([constraint({ minDomains: 3 })]))).toEqual([]);
  });

  it('do not count the pod itself if it is none of those they are about', () => {
    const pod = spreadPod([constraint()], { labels: { app: 'other' } });
    expect(fitting(threeZones(), pod)).toEqual(['nb', 'nc']);
  });

  it('count neither terminating pods, nor pods of other namespaces, nor pods that the selector does not match', () => {
    const cluster = clusterOf(
      [nodeIn('a', 'na'), nodeIn('b', 'nb')],
      [
        ...webPods(3, 'na', terminating),
        ...webPods(3, 'na', { namespace: 'other' }),
        ...webPods(3, 'na', { labels: { app: 'other' } }),
      ],
    );
    expect(fitting(cluster, spreadPod([constraint()]))).toEqual(['na', 'nb']);
    for (const pod of webPods(1, 'na')) cluster.setBoundPod(pod);
    expect(fitting(cluster, spreadPod([constraint()]))).toEqual(['nb']);
  });

  it('refuse a node without the topology key for good', () => {
    const cluster = clusterOf([nodeIn('a', 'na'), makeNode({ name: 'bare' })]);
    expect(new SpreadCycle(cluster, spreadPod([constraint()])).verdicts()).toEqual({
      na: undefined,
      bare: missingLabel,
    });
  });

  it('leave nodes that lack any key out of all counts, and judge in the order written', () => {
    // The only pod-free zone is that of a node without a rack: it is no domain.
    const racked = (zoneName: string, name: string) => nodeIn(zoneName, name, { labels: { rack: 'r' } });
    const cluster = clusterOf(
      [racked('a', 'na'), racked('b', 'nb'), nodeIn('c', 'nc')],
      [...webPods(2, 'na'), ...webPods(1, 'nb')],
    );
    const both = [constraint(), constraint({ topologyKey: 'rack', maxSkew: 9 })];
    expect(new SpreadCycle(cluster, spreadPod(both)).verdicts()).toEqual({
      na: tooSkewed,
      nb: undefined,
      nc: missingLabel,
    });
    for (const pod of webPods(5, 'nc')) cluster.setBoundPod(pod);
    expect(new SpreadCycle(cluster, spreadPod(both)).verdicts().nc).toEqual(missingLabel);
    // A node of zone a without a rack: the first constraint that fails decides.
    cluster.setNode(nodeIn('a', 'na2'));
    expect(new SpreadCycle(cluster, spreadPod(both)).verdicts().na2).toEqual(tooSkewed);
    expect(new SpreadCycle(cluster, spreadPod(both.toReversed())).verdicts().na2).toEqual(missingLabel);
  });

  it('are skipped when there are none', () => {
    const cluster = twoZones();
    const started = (pod: ReturnType<typeof spreadPod>) => new SpreadCycle(cluster, pod).started;
    expect(started(makePod())).toEqual({ kind: 'skip' });
    expect(started(spreadPod([preference()]))).toEqual({ kind: 'skip' });
    expect(started(spreadPod([constraint()]))).toEqual({ kind: 'proceed' });
  });

  it('fail the cycle when a selector of theirs is invalid, whatever the soft ones say', () => {
    const invalid = {
      labelSelector: { matchExpressions: [{ key: 'app', operator: 'Near', values: ['x'] }] },
    };
    const cluster = twoZones();
    const hard = new SpreadCycle(cluster, spreadPod([preference(), constraint(invalid)]));
    expect(hard.started).toMatchObject({
      kind: 'rejected',
      status: { code: 'Error', reasons: [expect.stringContaining('topologySpreadConstraints[1]')] },
    });
    const soft = new SpreadCycle(cluster, spreadPod([constraint(), preference(invalid)]));
    expect(soft.started).toEqual({ kind: 'proceed' });
    expect(() => soft.scores()).toThrow('Near');
  });

  it('count nothing with an empty selector, but the pod itself matches it', () => {
    const cycle = (maxSkew: number) =>
      new SpreadCycle(threeZones(), spreadPod([constraint({ labelSelector: {}, maxSkew })]));
    expect(cycle(1).fitting()).toEqual(['na', 'nb', 'nc']);
    // maxSkew 0 is not valid; it shows that the pod counts itself.
    expect(cycle(0).fitting()).toEqual([]);
  });

  it('count nothing without a selector, not even the pod itself; the key is needed all the same', () => {
    const cluster = threeZones();
    cluster.setNode(makeNode({ name: 'bare' }));
    const pod = spreadPod([constraint({ labelSelector: undefined, maxSkew: 0 })]);
    expect(new SpreadCycle(cluster, pod).verdicts()).toEqual({
      na: undefined,
      nb: undefined,
      nc: undefined,
      bare: missingLabel,
    });
  });

  it('narrow the selector to the values that matchLabelKeys have on the pod', () => {
    const rev = (revision: string) => ({ labels: { app: 'web', rev: revision } });
    const cluster = clusterOf(
      [nodeIn('a', 'na'), nodeIn('b', 'nb')],
      [...webPods(3, 'na', rev('1')), ...webPods(1, 'nb', rev('2'))],
    );
    const keyed = constraint({ matchLabelKeys: ['rev', 'not-there'] });
    expect(fitting(cluster, spreadPod([keyed], rev('1')))).toEqual(['nb']);
    expect(fitting(cluster, spreadPod([keyed], rev('2')))).toEqual(['na']);
    expect(fitting(cluster, spreadPod([keyed]))).toEqual(['nb']);
    // Merged by the API server already: the same.
    const merged = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'rev', operator: 'In', values: ['2'] }],
    };
    const twice = constraint({ matchLabelKeys: ['rev'], labelSelector: merged });
    expect(fitting(cluster, spreadPod([twice], rev('2')))).toEqual(['na']);
  });

  it('turn an empty selector into one of labels by matchLabelKeys, and leave an absent one alone', () => {
    const cluster = twoZones();
    const keyed = { matchLabelKeys: ['app'] };
    expect(fitting(cluster, spreadPod([constraint({ ...keyed, labelSelector: {} })]))).toEqual(['nb']);
    expect(fitting(cluster, spreadPod([constraint({ ...keyed, labelSelector: undefined })]))).toEqual([
      'na',
      'nb',
    ]);
  });

  it('do not mix up pods of one template that differ in labels and namespace', () => {
    const cluster = clusterOf(
      [nodeIn('a', 'na'), nodeIn('b', 'nb')],
      [...webPods(1, 'na'), ...webPods(1, 'nb', { namespace: 'other' })],
    );
    const plugin = pluginFor(cluster);
    const fits = (pod: ReturnType<typeof spreadPod>) => new SpreadCycle(cluster, pod, plugin).fitting();
    expect(fits(spreadPod([constraint()]))).toEqual(['nb']);
    expect(fits(spreadPod([constraint()], { namespace: 'other' }))).toEqual(['na']);
    expect(fits(spreadPod([constraint()], { namespace: 'third' }))).toEqual(['na', 'nb']);
    expect(fits(spreadPod([constraint()], { labels: { app: 'other' } }))).toEqual(['na', 'nb']);
    const keyed = constraint({ labelSelector: {}, matchLabelKeys: ['app'] });
    expect(fits(spreadPod([keyed]))).toEqual(['nb']);
    expect(fits(spreadPod([keyed], { namespace: 'other' }))).toEqual(['na']);
    expect(fits(spreadPod([keyed], { labels: { app: 'other' } }))).toEqual(['na', 'nb']);
  });
});

describe('nodes that count', () => {
  const affinityTo = (...zones: string[]) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: 'In', values: zones }] }],
        },
      },
    },
  });

  it('are those that the node affinity admits, unless the policy is to ignore it', () => {
    // Without zone c the emptiest domain has one pod.
    const spec = affinityTo('a', 'b');
    expect(fitting(threeZones(), spreadPod([constraint()], { spec }))).toEqual(['nb', 'nc']);
    const ignoring = constraint({ nodeAffinityPolicy: 'Ignore' });
    expect(fitting(threeZones(), spreadPod([ignoring], { spec }))).toEqual(['nc']);
  });

  it('are those that the node selector admits', () => {
    const cluster = clusterOf(
      [nodeIn('a', 'na', { labels: { disk: 'ssd' } }), nodeIn('b', 'nb')],
      [...webPods(1, 'na'), ...webPods(1, 'nb')],
    );
    const pod = (nodeSelector: object) =>
      spreadPod([constraint({ minDomains: 2 })], { spec: { nodeSelector } });
    expect(fitting(cluster, pod({}))).toEqual(['na', 'nb']);
    // One domain is fewer than two; node b, in a domain that does not exist, has no pods.
    expect(fitting(cluster, pod({ disk: 'ssd' }))).toEqual(['nb']);
  });

  it('are none for an affinity that cannot be parsed, and the rest of one that can in part', () => {
    const term = (key: string, operator: string, values: string[]) => ({
      matchExpressions: [{ key, operator, values }],
    });
    const spec = (...nodeSelectorTerms: object[]) => ({
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
      },
    });
    const near = term('x', 'Near', ['y']);
    expect(fitting(threeZones(), spreadPod([constraint()], { spec: spec(near) }))).toEqual([
      'na',
      'nb',
      'nc',
    ]);
    const partly = spec(near, term(zone, 'In', ['a']));
    expect(fitting(threeZones(), spreadPod([constraint()], { spec: partly }))).toEqual(['na', 'nb', 'nc']);
    const pair = spec(near, term(zone, 'In', ['a', 'b']));
    expect(fitting(threeZones(), spreadPod([constraint()], { spec: pair }))).toEqual(['nb', 'nc']);
  });

  it('are tainted ones too, unless the policy is to honor taints', () => {
    const taints = [{ key: 'k', effect: 'NoSchedule' }];
    const cluster = clusterOf(
      [nodeIn('a', 'na'), nodeIn('b', 'nb', { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] })],
      [...webPods(2, 'na'), ...webPods(1, 'nb')],
    );
    cluster.setNode(nodeIn('c', 'nc', { taints }));
    expect(fitting(cluster, spreadPod([constraint()]))).toEqual(['nc']);
    const honoring = constraint({ nodeTaintsPolicy: 'Honor' });
    // The tainted node itself is not this plugin's to refuse.
    expect(fitting(cluster, spreadPod([honoring]))).toEqual(['nb', 'nc']);
    const tolerations = [{ key: 'k', operator: 'Exists' }];
    expect(fitting(cluster, spreadPod([honoring], { spec: { tolerations } }))).toEqual(['nc']);
  });

  it('are kept apart for pods that count the same pods on other nodes', () => {
    const cluster = clusterOf(
      [
        nodeIn('a', 'na', { labels: { rack: 'r', disk: 'ssd' } }),
        nodeIn('b', 'nb', { labels: { rack: 'r' } }),
        nodeIn('c', 'nc', { labels: { disk: 'ssd' } }),
      ],
      [...webPods(2, 'na'), ...webPods(1, 'nb')],
    );
    const racks = constraint({ topologyKey: 'rack', maxSkew: 9 });
    expect(fitting(cluster, spreadPod([constraint()]))).toEqual(['nc']);
    const disks = constraint({ topologyKey: 'disk', maxSkew: 9 });
    expect(fitting(cluster, spreadPod([constraint(), racks]))).toEqual(['nb']);
    expect(fitting(cluster, spreadPod([constraint({ maxSkew: 2 }), disks]))).toEqual(['nc']);
    expect(fitting(cluster, spreadPod([constraint()], { spec: affinityTo('a', 'b') }))).toEqual(['nb', 'nc']);
    expect(fitting(cluster, spreadPod([constraint()], { spec: affinityTo('a') }))).toEqual([
      'na',
      'nb',
      'nc',
    ]);
    const selecting = (nodeSelector: object) => spreadPod([constraint()], { spec: { nodeSelector } });
    expect(fitting(cluster, selecting({ rack: 'r' }))).toEqual(['nb', 'nc']);
    expect(fitting(cluster, selecting({ disk: 'ssd' }))).toEqual(['nb', 'nc']);
    expect(fitting(cluster, selecting({ disk: 'ssd', rack: 'r' }))).toEqual(['na', 'nb', 'nc']);
  });

  it('may be none: then no domain has fewer pods than 0', () => {
    const pod = (maxSkew: number, minDomains: number) =>
      spreadPod([constraint({ maxSkew, minDomains })], { spec: { nodeSelector: { disk: 'none' } } });
    expect(fitting(threeZones(), pod(1, 1))).toEqual(['na', 'nb', 'nc']);
    // Neither number is valid; they show that it is 0 and not nothing.
    expect(fitting(threeZones(), pod(0, 0))).toEqual([]);
  });

  it('change with the nodes', () => {
    const cluster = threeZones();
    const pod = spreadPod([constraint({ nodeTaintsPolicy: 'Honor' })]);
    expect(fitting(cluster, pod)).toEqual(['nc']);
    cluster.setNode(nodeIn('c', 'nc', { taints: [{ key: 'k', effect: 'NoExecute' }] }));
    expect(fitting(cluster, pod)).toEqual(['nb', 'nc']);
    cluster.setNode(nodeIn('b', 'nc'));
    expect(fitting(cluster, pod)).toEqual(['nb', 'nc']);
    cluster.setNode(nodeIn('d', 'nd'));
    expect(fitting(cluster, pod)).toEqual(['nd']);
    cluster.removeNode('nd');
    cluster.removeNode('na');
    // The pods of a node that is gone are in no domain.
    expect(fitting(cluster, pod)).toEqual(['nb', 'nc']);
  });
});

describe('hypothetical nodes', () => {
  it('count a nominated pod and forget it again', () => {
    const cluster = clusterOf([nodeIn('a', 'na'), nodeIn('b', 'nb')]);
    const cycle = new SpreadCycle(cluster, spreadPod([constraint()]));
    const [nominated] = webPods(1, '');
    const seen = cycle.hypothetically('na', { added: [nominated!] }, (row) => cycle.verdictOn(row));
    expect(seen).toEqual(tooSkewed);
    expect(cycle.fitting()).toEqual(['na', 'nb']);
  });

  it('count for the emptiest domain too', () => {
    const cluster = clusterOf([nodeIn('a', 'na'), nodeIn('b', 'nb')], webPods(1, 'nb'));
    const cycle = new SpreadCycle(cluster, spreadPod([constraint()]));
    const b = cluster.nodes.slotOf('nb')!;
    expect(cycle.verdictOn(b)).toEqual(tooSkewed);
    const [nominated] = webPods(1, '');
    expect(cycle.hypothetically('na', { added: [nominated!] }, () => cycle.verdictOn(b))).toBeUndefined();
    const one = [...cluster.nodes.podsAt(b).values()];
    expect(cycle.hypothetically('nb', { removed: one }, (row) => cycle.verdictOn(row))).toBeUndefined();
  });

  it('ignore pods of other namespaces, pods that do not match, and nodes that do not count', () => {
    const cluster = clusterOf([
      nodeIn('a', 'na'),
      nodeIn('b', 'nb', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      makeNode({ name: 'bare' }),
    ]);
    const cycle = new SpreadCycle(cluster, spreadPod([constraint({ nodeTaintsPolicy: 'Honor' })]));
    const lookAt = (node: string, pods: ReturnType<typeof webPods>) =>
      cycle.hypothetically(node, { added: pods }, (row) => cycle.verdictOn(row));
    expect(lookAt('na', webPods(9, '', { namespace: 'other' }))).toBeUndefined();
    expect(lookAt('na', webPods(9, '', { labels: { app: 'other' } }))).toBeUndefined();
    expect(lookAt('nb', webPods(9, ''))).toBeUndefined();
    expect(lookAt('bare', webPods(9, ''))).toEqual(missingLabel);
    // A domain of its own is the emptiest one, whatever comes to it.
    expect(lookAt('na', webPods(9, ''))).toBeUndefined();
  });

  it('subtract a terminating pod that was never counted', () => {
    const cluster = clusterOf(
      [nodeIn('a', 'na'), nodeIn('b', 'nb')],
      [...webPods(2, 'na'), ...webPods(2, 'na', terminating)],
    );
    const cycle = new SpreadCycle(cluster, spreadPod([constraint()]));
    const gone = [...cluster.nodes.podsAt(cluster.nodes.slotOf('na')!).values()].filter(
      (pod) => pod.terminating,
    );
    expect(cycle.verdictOn(cluster.nodes.slotOf('na')!)).toEqual(tooSkewed);
    expect(cycle.hypothetically('na', { removed: gone }, (row) => cycle.verdictOn(row))).toBeUndefined();
    // Two more than are there: the domain has minus two, and the other, with none, is two above it.
    const live = [...cluster.nodes.podsAt(cluster.nodes.slotOf('na')!).values()];
    const b = cluster.nodes.slotOf('nb')!;
    expect(cycle.hypothetically('na', { removed: live }, () => cycle.verdictOn(b))).toEqual(tooSkewed);
  });

  it('count every pod that comes or goes under an empty selector, though none was counted', () => {
    const cluster = clusterOf([nodeIn('a', 'na'), nodeIn('b', 'nb')], webPods(1, 'na'));
    const cycle = new SpreadCycle(cluster, spreadPod([constraint({ labelSelector: {} })]));
    const b = cluster.nodes.slotOf('nb')!;
    const live = [...cluster.nodes.podsAt(cluster.nodes.slotOf('na')!).values()];
    expect(cycle.hypothetically('na', { removed: live }, () => cycle.verdictOn(b))).toEqual(tooSkewed);
    const other = [makePod({ labels: { any: 'thing' } })];
    expect(cycle.hypothetically('na', { added: other }, (row) => cycle.verdictOn(row))).toEqual(tooSkewed);
  });

  it.each([
    [
      ['a', 'b', 'c'],
      [2, 1, 0],
    ],
    [
      ['c', 'b', 'a'],
      [0, 1, 2],
    ],
  ])('make another domain the emptiest one, in whatever order they are known: %j', (zones, pods) => {
    const cluster = clusterOf(
      zones.map((name) => nodeIn(name, `n${name}`)),
      zones.flatMap((name, i) => webPods(pods[i]!, `n${name}`)),
    );
    const cycle = new SpreadCycle(cluster, spreadPod([constraint()]));
    // Zone c gets two pods, and zone b with its one is the emptiest.
    const fits = cycle.hypothetically('nc', { added: webPods(2, '') }, () => cycle.fitting());
    expect(fits).toEqual(['nb']);
  });

  it('may be several at once', () => {
    const cluster = clusterOf(
      [
        nodeIn('a', 'na'),
        nodeIn('b', 'nb'),
        nodeIn('c', 'nc'),
        nodeIn('d', 'nd', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      ],
      webPods(1, 'na'),
    );
    const cycle = new SpreadCycle(cluster, spreadPod([constraint({ nodeTaintsPolicy: 'Honor' })]));
    expect(cycle.fitting()).toEqual(['nb', 'nc', 'nd']);
    // Zones b and c get one pod each, and all zones that count have one.
    const fits = cycle.hypothetically('nb', { added: webPods(1, '') }, () =>
      cycle.hypothetically('nc', { added: webPods(1, '') }, () => cycle.fitting()),
    );
    expect(fits).toEqual(['na', 'nb', 'nc', 'nd']);
    expect(cycle.fitting()).toEqual(['nb', 'nc', 'nd']);
  });
});

describe('soft spread constraints', () => {
  /** Four nodes in two zones with one matching pod each on n2 and n4, and one more in zone a on a node that does not fit. */
  const example = () =>
    clusterOf(
      [nodeIn('a', 'n1'), nodeIn('a', 'n2'), nodeIn('b', 'n3'), nodeIn('b', 'n4'), nodeIn('a', 'full')],
      [...webPods(1, 'n2'), ...webPods(1, 'n4'), ...webPods(1, 'full')],
    );
  const fits = ['n1', 'n2', 'n3', 'n4'];
  const likeDefaults = [
    preference({ topologyKey: hostname, maxSkew: 3 }),
    preference({ topologyKey: zone, maxSkew: 5 }),
  ];

  it('score pods in the domain, weighed by the logarithm of the number of domains', () => {
    expect(new SpreadCycle(example(), spreadPod(likeDefaults)).scores(fits)).toMatchObject({
      raw: { n1: 9, n2: 11, n3: 7, n4: 9 },
      normalized: { n1: 81, n2: 63, n3: 100, n4: 81 },
    });
  });

  it('tell nodes apart that rounding makes equal', () => {
    const scores = new SpreadCycle(example(), spreadPod(likeDefaults)).scores(fits);
    if (scores === 'skip') throw new Error('not scored');
    // 8.7726 and 9.1781 both round to 9; of 7.3863 to 10.5643.
    expect(scores.exact.n3).toBe(100);
    expect(scores.exact.n1).toBeCloseTo((100 * (10.5643 + 7.3863 - 8.7726)) / 10.5643, 2);
    expect(scores.exact.n4).toBeCloseTo((100 * (10.5643 + 7.3863 - 9.1781)) / 10.5643, 2);
  });

  it('are skipped when there are none', () => {
    expect(new SpreadCycle(example(), spreadPod([constraint()])).scores()).toBe('skip');
    expect(new SpreadCycle(clusterOf([]), spreadPod([preference()])).scores()).toBe('skip');
  });

  it('give everybody 100 when no domain has a pod, or all have as many', () => {
    const empty = clusterOf([nodeIn('a', 'na'), nodeIn('b', 'nb')]);
    expect(new SpreadCycle(empty, spreadPod([preference()])).scores()).toMatchObject({
      raw: { na: 0, nb: 0 },
      normalized: { na: 100, nb: 100 },
      exact: { na: 100, nb: 100 },
    });
    const even = clusterOf(
      [nodeIn('a', 'na'), nodeIn('b', 'nb')],
      [...webPods(2, 'na'), ...webPods(2, 'nb')],
    );
    expect(new SpreadCycle(even, spreadPod([preference()])).scores()).toMatchObject({
      raw: { na: 3, nb: 3 },
      normalized: { na: 100, nb: 100 },
    });
  });

  it('ignore nodes that lack a key: 0 points, no domain, and no part in the range', () => {
    const racked = (zoneName: string, name: string) => nodeIn(zoneName, name, { labels: { rack: name } });
    const cluster = clusterOf(
      [racked('a', 'na'), racked('b', 'nb'), nodeIn('c', 'bare')],
      [...webPods(3, 'na'), ...webPods(1, 'nb'), ...webPods(7, 'bare')],
    );
    const both = [preference(), preference({ topologyKey: 'rack' })];
    // ln 4 for each of zone and rack: two zones, because that of the bare node is none.
    expect(new SpreadCycle(cluster, spreadPod(both)).scores()).toMatchObject({
      raw: { na: Math.round(6 * Math.log(4)), nb: Math.round(2 * Math.log(4)), bare: 0 },
      normalized: { na: Math.floor((100 * 3) / 8), nb: 100, bare: 0 },
      exact: { bare: 0 },
    });
  });

  it('count a node that lacks two keys once', () => {
    const racked = nodeIn('a', 'na', { labels: { rack: 'r' } });
    const cluster = clusterOf([racked, makeNode({ name: 'bare' })], webPods(4, 'na'));
    const three = [
      preference({ topologyKey: hostname }),
      preference({ labelSelector: {} }),
      preference({ topologyKey: 'rack', labelSelector: {} }),
    ];
    expect(new SpreadCycle(cluster, spreadPod(three)).scores()).toMatchObject({
      raw: { na: Math.round(4 * Math.log(3)), bare: 0 },
    });
  });

  it('count pods on nodes that do not fit, but only in domains of nodes that do', () => {
    const cluster = clusterOf(
      [nodeIn('a', 'na'), nodeIn('a', 'full'), nodeIn('b', 'nb'), nodeIn('c', 'nc')],
      [...webPods(2, 'full'), ...webPods(1, 'nc')],
    );
    expect(new SpreadCycle(cluster, spreadPod([preference()])).scores(['na', 'nb'])).toMatchObject({
      raw: { na: Math.round(2 * Math.log(4)), nb: 0 },
    });
  });

  it('count hosts on the node itself, whether or not its pods would count, and every node that fits as a domain', () => {
    const cluster = clusterOf(
      [nodeIn('a', 'na', { labels: { disk: 'ssd' } }), nodeIn('b', 'nb')],
      [...webPods(1, 'na'), ...webPods(2, 'nb'), ...webPods(1, 'nb', terminating)],
    );
    const spec = { nodeSelector: { disk: 'ssd' } };
    const byHost = spreadPod([preference({ topologyKey: hostname })], { spec });
    expect(new SpreadCycle(cluster, byHost).scores()).toMatchObject({
      raw: { na: Math.round(Math.log(4)), nb: Math.round(2 * Math.log(4)) },
    });
    const byZone = spreadPod([preference()], { spec });
    expect(new SpreadCycle(cluster, byZone).scores()).toMatchObject({ raw: { na: 1, nb: 0 } });
  });

  it('count nothing with an empty selector and without one', () => {
    for (const labelSelector of [{}, undefined]) {
      const scores = new SpreadCycle(
        example(),
        spreadPod([preference({ labelSelector, maxSkew: 4 })]),
      ).scores();
      expect(scores).toMatchObject({ raw: { n1: 3, n2: 3, n3: 3, n4: 3, full: 3 } });
    }
  });
});

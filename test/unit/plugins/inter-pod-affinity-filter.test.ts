import { describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { InterPodAffinity } from '../../../src/plugins/inter-pod-affinity.js';
import { makeNode, makePod } from '../../build-objects.js';
import {
  addNamespace,
  app,
  noAffinity,
  othersAnti,
  ownAnti,
  podWith,
  Trial,
} from './inter-pod-affinity-world.js';

/** Nodes a1 and a2 in zone a, b1 in zone b, and `bare` in none; every one is a rack of its own but `bare`. */
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
const judge = (pod: Pod, ...pods: readonly Pod[]) => new Trial(clusterOf(...pods), pod).judgeAll();

describe('InterPodAffinity, filter', () => {
  it('skips a pod without required terms that nobody refuses', () => {
    const pod = podWith({ ratherNear: [[1, app('db')]] }, { labels: { app: 'web' } });
    const others = [
      on('a1', 'db'),
      podWith({ apart: [app('cache')], near: [app('web')] }, { nodeName: 'a1' }),
    ];
    expect(new Trial(clusterOf(...others), pod).answer).toEqual({ kind: 'skip' });
    expect(new Trial(clusterOf(), makePod()).answer).toEqual({ kind: 'skip' });
  });

  it('does not skip for anti-affinity that binds no node: of pods on nodes without the key or without an object', () => {
    const pod = makePod({ labels: { app: 'web' } });
    const shunning = (nodeName: string) => podWith({ apart: [app('web')] }, { nodeName });
    expect(new Trial(clusterOf(shunning('bare'), shunning('ghost')), pod).answer).toEqual({ kind: 'skip' });
    expect(new Trial(clusterOf(shunning('a1')), pod).answer).toEqual({ kind: 'proceed' });
  });

  it('keeps a pod to the domains of what it wants', () => {
    expect(judge(podWith({ near: [app('db')] }), on('a1', 'db'))).toEqual({
      a1: 'fits',
      a2: 'fits',
      b1: noAffinity,
      bare: noAffinity,
    });
  });

  it('refuses for want of affinity for good: no preemption helps', () => {
    const plugin = new InterPodAffinity(clusterOf());
    expect([1, 2, 3].map((verdict) => plugin.verdictStatus(undefined, verdict))).toEqual([
      { code: 'UnschedulableAndUnresolvable', reasons: [noAffinity] },
      { code: 'Unschedulable', reasons: [ownAnti] },
      { code: 'Unschedulable', reasons: [othersAnti] },
    ]);
  });

  it('wants single pods that match all terms, but each topology key may have another of them', () => {
    const both = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'db', tier: 'x' } } };
    const pod = podWith({ near: [app('db'), { ...both, topologyKey: 'rack' }] });
    const half = [on('a1', 'db'), makePod({ nodeName: 'a1', labels: { tier: 'x' } })];
    expect(judge(pod, ...half).a1).toBe(noAffinity);
    const full = (nodeName: string) => makePod({ nodeName, labels: { app: 'db', tier: 'x' } });
    expect(judge(pod, full('a1'))).toMatchObject({ a1: 'fits', a2: noAffinity, b1: noAffinity });
    // The zone of a2 is served by a1, its rack by a pod of its own.
    const split = podWith({ near: [app('db'), app('db', 'pool')] });
    const cluster = clusterOf(on('a1', 'db'), on('b1', 'db'));
    cluster.setNode(makeNode({ name: 'a2', labels: { zone: 'a', pool: 'p' } }));
    cluster.setNode(makeNode({ name: 'b1', labels: { pool: 'p' } }));
    expect(new Trial(cluster, split).judgeAll()).toMatchObject({
      a1: noAffinity,
      a2: 'fits',
      b1: noAffinity,
    });
  });

  it('lets the first pod of a kind in wherever the keys are, if it matches its own terms', () => {
    const first = podWith({ near: [app('db')] }, { labels: { app: 'db' } });
    expect(judge(first)).toEqual({ a1: 'fits', a2: 'fits', b1: 'fits', bare: noAffinity });
    expect(judge(podWith({ near: [app('db')] }, { labels: { app: 'web' } })).a1).toBe(noAffinity);
    expect(judge(podWith({ near: [app('db'), app('web')] }, { labels: { app: 'db' } })).a1).toBe(noAffinity);
    const selective = { namespaceSelector: { matchLabels: { team: 't' } } };
    expect(judge(podWith({ near: [app('db', 'zone', selective)] }, { labels: { app: 'db' } })).a1).toBe(
      noAffinity,
    );
  });

  it('counts as the first still when its kind runs only where no node has any of the keys', () => {
    const first = podWith({ near: [app('db')] }, { labels: { app: 'db' } });
    expect(judge(first, on('bare', 'db'), on('ghost', 'db')).b1).toBe('fits');
    expect(judge(first, on('bare', 'db'), on('a1', 'db')).b1).toBe(noAffinity);
    const two = podWith({ near: [app('db'), app('db', 'pool')] }, { labels: { app: 'db' } });
    const cluster = clusterOf(on('a1', 'db'));
    cluster.setNode(makeNode({ name: 'b1', labels: { zone: 'b', pool: 'p' } }));
    // One of the keys has a count: the map is not completely empty.
    expect(new Trial(cluster, two).judgeAll().b1).toBe(noAffinity);
  });

  it('keeps a pod out of the domains of what it shuns; a node without the key passes', () => {
    expect(judge(podWith({ apart: [app('db')] }), on('a1', 'db'))).toEqual({
      a1: ownAnti,
      a2: ownAnti,
      b1: 'fits',
      bare: 'fits',
    });
    expect(judge(podWith({ apart: [app('x'), app('db', 'rack')] }), on('a1', 'db'))).toMatchObject({
      a1: ownAnti,
      a2: 'fits',
    });
  });

  it('keeps a pod out of the domains of those that shun it', () => {
    const pod = makePod({ labels: { app: 'web' } });
    const shunning = podWith({ apart: [app('x'), app('web')] }, { nodeName: 'a1' });
    expect(judge(pod, shunning)).toEqual({ a1: othersAnti, a2: othersAnti, b1: 'fits', bare: 'fits' });
    expect(judge(makePod({ namespace: 'far', labels: { app: 'web' } }), shunning).a1).toBe('fits');
  });

  it('names the first of several causes: affinity, own anti-affinity, that of others', () => {
    const pod = podWith({ near: [app('db', 'rack')], apart: [app('db')] }, { labels: { app: 'web' } });
    const shunning = (nodeName: string) =>
      podWith({ apart: [app('web', 'zone')] }, { nodeName, labels: { app: 'db' } });
    expect(judge(pod, shunning('a1'))).toMatchObject({ a1: ownAnti, a2: noAffinity, b1: noAffinity });
    expect(judge(podWith({ apart: [app('db')] }, { labels: { app: 'web' } }), shunning('a1')).a2).toBe(
      ownAnti,
    );
  });

  it('counts terminating pods like any other', () => {
    const terminating = on('a1', 'db', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    expect(judge(podWith({ apart: [app('db')] }), terminating).a2).toBe(ownAnti);
  });

  it('refuses a pod with an invalid selector as a whole, in whichever of its terms', () => {
    const broken = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'not valid!' } } };
    for (const pod of [podWith({ near: [broken] }), podWith({ ratherApart: [[1, broken]] })]) {
      const { answer } = new Trial(clusterOf(), pod);
      expect(answer).toMatchObject({ kind: 'rejected', status: { code: 'UnschedulableAndUnresolvable' } });
      expect(answer.kind === 'rejected' && answer.status.reasons[0]).toMatch(/^parsing pod: .*not valid!/);
    }
  });

  it('drops only the kind of terms that is invalid of a pod on a node', () => {
    const broken = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'not valid!' } } };
    const pod = makePod({ labels: { app: 'web' } });
    expect(judge(pod, podWith({ apart: [app('web'), broken] }, { nodeName: 'a1' })).a1).toBe('fits');
    expect(judge(pod, podWith({ apart: [app('web')], near: [broken] }, { nodeName: 'a1' })).a1).toBe(
      othersAnti,
    );
  });

  it('resolves the namespace selectors of the pod to the namespaces there are; an empty one means all', () => {
    const cluster = clusterOf(on('a1', 'db', { namespace: 'far' }), on('b1', 'db', { namespace: 'unknown' }));
    addNamespace(cluster, 'far', { team: 't' });
    const verdicts = (namespaceSelector: object) => {
      const { a1, b1 } = new Trial(
        cluster,
        podWith({ apart: [app('db', 'zone', { namespaceSelector })] }),
      ).judgeAll();
      return [a1, b1];
    };
    expect(verdicts({ matchLabels: { team: 't' } })).toEqual([ownAnti, 'fits']);
    expect(verdicts({})).toEqual([ownAnti, ownAnti]);
    // A selector of denials alone means no namespace that it should exclude, and none that nobody knows.
    expect(verdicts({ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['t'] }] })).toEqual([
      'fits',
      'fits',
    ]);
    expect(verdicts({ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['u'] }] })).toEqual([
      ownAnti,
      'fits',
    ]);
  });

  it('resolves namespace selectors anew when a namespace changes', () => {
    const cluster = clusterOf(on('a1', 'db', { namespace: 'far' }));
    addNamespace(cluster, 'far', {});
    const plugin = new InterPodAffinity(cluster);
    const pod = podWith({
      apart: [app('db', 'zone', { namespaceSelector: { matchLabels: { team: 't' } } })],
    });
    expect(new Trial(cluster, pod, plugin).judgeAll().a1).toBe('fits');
    addNamespace(cluster, 'far', { team: 't' });
    expect(new Trial(cluster, pod, plugin).judgeAll().a1).toBe(ownAnti);
    cluster.namespaces.delete({ name: 'far' });
    expect(new Trial(cluster, pod, plugin).judgeAll().a1).toBe('fits');
  });

  it('holds the namespace selectors of others against the labels of its namespace, none if nobody knows it', () => {
    const namespaceSelector = { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['t'] }] };
    const cluster = clusterOf(
      podWith({ apart: [app('web', 'zone', { namespaceSelector })] }, { nodeName: 'a1' }),
    );
    const pod = makePod({ namespace: 'far', labels: { app: 'web' } });
    expect(new Trial(cluster, pod).judgeAll().a1).toBe(othersAnti);
    addNamespace(cluster, 'far', { team: 't' });
    expect(new Trial(cluster, pod).judgeAll().a1).toBe('fits');
    addNamespace(cluster, 'far', { team: 'u' });
    expect(new Trial(cluster, pod).judgeAll().a1).toBe(othersAnti);
  });

  it('judges the same in a profile that leaves PreFilter out', () => {
    const cluster = clusterOf(on('a1', 'db'));
    const verdicts = new Int32Array(4);
    const pod = podWith({ apart: [app('db')] });
    new InterPodAffinity(cluster).filterRows(
      new Cycle(pod, cluster.nodes),
      pod,
      cluster.nodes.rows(),
      verdicts,
    );
    expect(verdicts.filter((verdict) => verdict !== 0)).toHaveLength(2);
  });

  it('follows nodes that change their labels', () => {
    const cluster = clusterOf(on('a1', 'db'));
    const pod = podWith({ near: [app('db')] });
    expect(new Trial(cluster, pod).judgeAll()).toMatchObject({ a2: 'fits', b1: noAffinity });
    cluster.setNode(makeNode({ name: 'a1', labels: { zone: 'b' } }));
    expect(new Trial(cluster, pod).judgeAll()).toMatchObject({ a2: noAffinity, b1: 'fits' });
  });
});

describe('InterPodAffinity, hypothetical rows', () => {
  it('sees pods that a node is promised to, in all three roles', () => {
    const pod = podWith({ near: [app('db', 'rack')], apart: [app('foe')] }, { labels: { app: 'web' } });
    const trial = new Trial(clusterOf(on('b1', 'db')), pod);
    const before = trial.judgeAll();
    expect(before).toMatchObject({ a1: noAffinity, b1: 'fits' });
    expect(trial.judgeHypothetical('a1', [{ pod: makePod({ labels: { app: 'db' } }), added: true }])).toBe(
      'fits',
    );
    expect(trial.judgeHypothetical('b1', [{ pod: makePod({ labels: { app: 'foe' } }), added: true }])).toBe(
      ownAnti,
    );
    const shunning = podWith({ apart: [app('web')] });
    expect(trial.judgeHypothetical('b1', [{ pod: shunning, added: true }])).toBe(othersAnti);
    expect(trial.judgeAll()).toEqual(before);
  });

  it('sees victims leave, each with what it alone held', () => {
    const foes = ['a1', 'a2'].map((node) => on(node, 'foe'));
    const trial = new Trial(clusterOf(...foes, on('b1', 'foe')), podWith({ apart: [app('foe')] }));
    expect(
      trial.judgeHypothetical('b1', [{ pod: [...trial.cycle.nodes.podsAt(2).values()][0]!, added: false }]),
    ).toBe('fits');
    // Its neighbour in the zone stays.
    expect(trial.judgeHypothetical('a1', [{ pod: foes[0]!, added: false }])).toBe(ownAnti);
    const shunning = podWith({ apart: [app('web')] }, { nodeName: 'a1' });
    const other = new Trial(clusterOf(shunning), makePod({ labels: { app: 'web' } }));
    expect(other.judgeHypothetical('a1', [{ pod: shunning, added: false }])).toBe('fits');
    expect(other.judgeAll().a1).toBe(othersAnti);
  });

  it('lets the first of a kind in when the last of that kind is taken away, and then no longer', () => {
    const last = on('a1', 'db');
    const trial = new Trial(clusterOf(last), podWith({ near: [app('db')] }, { labels: { app: 'db' } }));
    expect(trial.judgeAll()).toMatchObject({ a1: 'fits', b1: noAffinity });
    const { nodes } = trial.cycle;
    const row = nodes.borrowRow(nodes.slotOf('a1')!);
    nodes.removePodAt(row, last);
    trial.plugin.removePod(trial.cycle, last, row);
    // Nothing of its kind is left anywhere, so it may begin anywhere.
    expect(trial.judge(row)).toBe('fits');
    expect(trial.judge(nodes.slotOf('b1')!)).toBe('fits');
    trial.plugin.addPod(trial.cycle, last, row);
    nodes.addPodAt(row, last);
    nodes.returnRow(row);
    expect(trial.judge(nodes.slotOf('b1')!)).toBe(noAffinity);
  });

  it('leaves the counts of the cluster alone', () => {
    const cluster = clusterOf(on('a1', 'foe'));
    const pod = podWith({ apart: [app('foe')] });
    const left = new Trial(cluster, pod);
    const row = cluster.nodes.borrowRow(cluster.nodes.slotOf('b1')!);
    left.plugin.addPod(left.cycle, makePod({ labels: { app: 'foe' } }), row);
    expect(new Trial(cluster, pod).judgeAll()).toMatchObject({ a1: ownAnti, b1: 'fits' });
    cluster.nodes.returnRow(row);
  });

  it('knows where a borrowed row is although the table dropped its label columns in between', () => {
    const cluster = clusterOf(on('a2', 'foe'));
    const { nodes } = cluster;
    const pod = podWith({ apart: [app('foe')] });
    new Trial(cluster, pod);
    for (const name of ['a1', 'a2'])
      cluster.setNode(makeNode({ name, labels: { zone: 'moved', rack: name } }));
    const trial = new Trial(cluster, pod);
    const before = trial.judgeAll();
    const id = nodes.labelColumn('zone').idOf('moved');
    // More than the table keeps: the column is made anew, and its ids with it.
    for (let i = 0; i < 256; i++) nodes.labelColumn(`key-${i}`);
    expect(nodes.labelColumn('zone').idOf('moved')).not.toBe(id);
    const foe = makePod({ labels: { app: 'foe' } });
    expect(trial.judgeHypothetical('a1', [])).toBe(ownAnti);
    expect(trial.judgeHypothetical('b1', [])).toBe('fits');
    expect(trial.judgeHypothetical('b1', [{ pod: foe, added: true }])).toBe(ownAnti);
    expect(trial.judgeAll()).toEqual(before);
  });
});

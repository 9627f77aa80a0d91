import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AffinityTerms, type CarriedTerm } from '../../../src/cluster/affinity-terms.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { NodeTable } from '../../../src/cluster/node-table.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { type AffinityTermKind, affinityTermKinds } from '../../../src/cluster/pod-affinity-terms.js';
import { makeNode, makePod } from '../../build-objects.js';

const term = (app: string, topologyKey = 'zone', more: object = {}) => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
});
const shunning = (nodeName: string, terms: object[], more: { uid?: string; namespace?: string } = {}) =>
  makePod({
    nodeName,
    ...more,
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } },
  });

/** By value of the topology key: what a term counts. */
function domainsOf(carried: CarriedTerm, nodes: NodeTable): Record<string, number> {
  const { ids, counts, length } = carried.byDomain;
  const column = nodes.labelColumn(carried.term.topologyKey);
  return Object.fromEntries(Array.from({ length }, (_, i) => [column.valueOf(ids[i]!)!, counts[i]!]));
}

function matching(cluster: ClusterState, pod: Pod, kind: AffinityTermKind = 'requiredAntiAffinity') {
  const found: CarriedTerm[] = [];
  const labels = cluster.namespaces.get(pod.namespace)?.labels ?? {};
  cluster.affinityTerms.forEachMatching(kind, pod, labels, (carried) => found.push(carried));
  return found;
}

describe('the index of carried terms', () => {
  it('holds a term once, however many pods of however many templates carry it, and drops it with the last', () => {
    const cluster = new ClusterState();
    const { affinityTerms, nodes } = cluster;
    cluster.setNode(makeNode({ name: 'n1', labels: { zone: 'a' } }));
    cluster.setNode(makeNode({ name: 'n2', labels: { zone: 'b' } }));
    cluster.setBoundPod(shunning('n1', [term('x')], { uid: '1' }));
    cluster.setBoundPod(shunning('n2', [term('x'), term('y')], { uid: '2' }));
    cluster.setBoundPod(shunning('n2', [term('x'), term('x')], { uid: '3' }));
    expect(affinityTerms.size).toBe(2);
    const [x] = matching(cluster, makePod({ labels: { app: 'x' } }));
    expect(domainsOf(x!, nodes)).toEqual({ a: 1, b: 3 });
    cluster.removePod('2');
    expect(affinityTerms.size).toBe(1);
    cluster.removePod('3');
    expect(domainsOf(x!, nodes)).toEqual({ a: 1 });
    cluster.removePod('1');
    expect(affinityTerms.size).toBe(0);
    expect(matching(cluster, makePod({ labels: { app: 'x' } }))).toEqual([]);
  });

  it('keeps terms apart that differ in owner namespace, key, selector, weight or kind', () => {
    const cluster = new ClusterState();
    const preferring = (kind: string, weight: number) =>
      makePod({
        nodeName: 'n',
        spec: {
          affinity: {
            [kind]: {
              preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: term('x') }],
            },
          },
        },
      });
    cluster.setBoundPod(shunning('n', [term('x'), term('y'), term('x', 'rack')]));
    cluster.setBoundPod(shunning('n', [term('x')], { namespace: 'other' }));
    cluster.setBoundPod(shunning('n', [term('x', 'zone', { namespaceSelector: {} })]));
    expect(cluster.affinityTerms.size).toBe(5);
    cluster.setBoundPod(preferring('podAffinity', 1));
    cluster.setBoundPod(preferring('podAffinity', 2));
    cluster.setBoundPod(preferring('podAntiAffinity', 2));
    expect(cluster.affinityTerms.size).toBe(8);
  });

  it('finds terms by namespace, by labels of the namespace, and by labels of the pod', () => {
    const cluster = new ClusterState();
    cluster.setBoundPod(shunning('n', [term('x')], { namespace: 'home' }));
    cluster.setBoundPod(
      shunning('n', [term('x', 'zone', { namespaceSelector: { matchLabels: { team: 't' } } })]),
    );
    cluster.setBoundPod(shunning('n', [{ topologyKey: 'zone', labelSelector: {}, namespaces: ['far'] }]));
    cluster.setBoundPod(shunning('n', [{ topologyKey: 'zone', namespaces: ['far', 'home'] }]));
    cluster.namespaces.set({ uid: 'u', name: 'far', resourceVersion: '1', labels: { team: 't' } });
    const found = (namespace: string, labels: Record<string, string>) =>
      matching(cluster, makePod({ namespace, labels })).length;
    expect(found('home', { app: 'x' })).toBe(1);
    expect(found('home', { app: 'y' })).toBe(0);
    expect(found('far', { app: 'x' })).toBe(2);
    expect(found('far', {})).toBe(1);
    expect(found('elsewhere', { app: 'x' })).toBe(0);
  });

  it('knows the pods that were there before it', () => {
    const cluster = new ClusterState();
    cluster.setBoundPod(shunning('n', [term('x')]));
    expect(new AffinityTerms(cluster.nodes).size).toBe(1);
  });

  it('follows the ids of domains when the table makes a label column anew', () => {
    const cluster = new ClusterState();
    const { nodes } = cluster;
    cluster.setNode(makeNode({ name: 'n1', labels: { zone: 'a' } }));
    cluster.setBoundPod(shunning('n1', [term('x')]));
    const [x] = matching(cluster, makePod({ labels: { app: 'x' } }));
    expect(domainsOf(x!, nodes)).toEqual({ a: 1 });
    cluster.setNode(makeNode({ name: 'n1', labels: { zone: 'b' } }));
    expect(domainsOf(x!, nodes)).toEqual({ b: 1 });
    const before = nodes.labelColumn('zone').idOf('b');
    for (let i = 0; i < 256; i++) nodes.labelColumn(`other-${i}`);
    expect(nodes.labelColumn('zone').idOf('b')).not.toBe(before);
    expect(domainsOf(x!, nodes)).toEqual({ b: 1 });
  });

  it('counts as a recount does after any history of pods and nodes', () => {
    const node = fc.constantFrom('n0', 'n1', 'n2', 'n3');
    const value = fc.constantFrom('a', 'b', undefined);
    const operation = fc.oneof(
      fc.record({
        do: fc.constant('pod' as const),
        uid: fc.nat(7),
        node,
        apps: fc.array(fc.constantFrom('x', 'y'), { maxLength: 3 }),
        kind: fc.constantFrom('podAffinity', 'podAntiAffinity'),
      }),
      fc.record({ do: fc.constant('gone' as const), uid: fc.nat(7) }),
      fc.record({ do: fc.constant('node' as const), node, zone: value }),
      fc.record({ do: fc.constant('noNode' as const), node }),
      fc.record({ do: fc.constant('read' as const) }),
      fc.record({ do: fc.constant('forgetColumns' as const) }),
    );
    const readAll = (terms: AffinityTerms, nodes: NodeTable) =>
      Object.fromEntries([...terms.values()].map((carried) => [carried.key, domainsOf(carried, nodes)]));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30, size: 'max' }), (history) => {
        const cluster = new ClusterState();
        const { nodes, affinityTerms } = cluster;
        for (const step of history) {
          if (step.do === 'pod') {
            const terms = step.apps.map((app) => term(app));
            const affinity = { [step.kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } };
            const { uid, node: nodeName } = step;
            cluster.setBoundPod(makePod({ uid: `${uid}`, nodeName, spec: { affinity } }));
          } else if (step.do === 'gone') cluster.removePod(`${step.uid}`);
          else if (step.do === 'node') {
            const labels = step.zone === undefined ? {} : { zone: step.zone };
            cluster.setNode(makeNode({ name: step.node, labels }));
          } else if (step.do === 'noNode') cluster.removeNode(step.node);
          else if (step.do === 'forgetColumns') for (let i = 0; i < 256; i++) nodes.labelColumn(`other-${i}`);
          else readAll(affinityTerms, nodes);
        }
        expect(readAll(affinityTerms, nodes)).toEqual(readAll(new AffinityTerms(nodes), nodes));
        for (const kind of affinityTermKinds) {
          const found = matching(cluster, makePod({ labels: { app: 'x' } }), kind).map(({ key }) => key);
          const expected = [...affinityTerms.values()].filter(
            ({ kind: of, term: { selector } }) => of === kind && selector.matches({ app: 'x' }),
          );
          expect(found.sort()).toEqual(expected.map(({ key }) => key).sort());
        }
      }),
      { numRuns: 300 },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { InterPodAffinity } from '../../../src/plugins/inter-pod-affinity.js';
import { makeNode, makePod } from '../../build-objects.js';
import { app, podWith } from './inter-pod-affinity-world.js';

/** Racks are single nodes, zones are not. */
function cluster(): ClusterState {
  const made = new ClusterState();
  for (const name of ['a1', 'a2', 'b1'])
    made.setNode(makeNode({ name, labels: { zone: name[0]!, rack: name } }));
  const shy = podWith({ apart: [app('web', 'rack')], ratherApart: [[3, app('db')]] });
  made.setBoundPod({ ...shy, nodeName: 'a1' });
  return made;
}

function traitsOf(state: ClusterState, labels: Readonly<Record<string, string>>) {
  const pod = makePod({ labels });
  const traits = new InterPodAffinity(state).traits(new Cycle(pod, state.nodes), pod) ?? [];
  const slots = ['a1', 'a2', 'b1'].map((name) => state.nodes.slotOf(name)!);
  return { basis: traits.flatMap(({ basis }) => basis), at: traits.map(({ at }) => slots.map(at)) };
}

describe('what nodes have in common for pod affinity', () => {
  it('is what is counted there where a domain is one node, and else the domain', () => {
    const state = cluster();
    const { ids } = state.nodes.labelColumn('zone');
    const zones = ['a1', 'a2', 'b1'].map((name) => ids[state.nodes.slotOf(name)!]);
    expect(traitsOf(state, { app: 'web' }).at).toEqual([[1, 0, 0]]);
    expect(traitsOf(state, { app: 'db' }).at).toEqual([zones]);
    expect(traitsOf(state, { app: 'else' }).at).toEqual([]);
  });

  it('rests on the terms that mean the pod, not on labels that nobody asks for', () => {
    const state = cluster();
    const first = traitsOf(state, { app: 'web', 'statefulset.kubernetes.io/pod-name': 'web-0' });
    const second = traitsOf(state, { app: 'web', 'statefulset.kubernetes.io/pod-name': 'web-1' });
    expect(first.basis).toHaveLength(second.basis.length);
    for (const [index, part] of first.basis.entries()) expect(second.basis[index]).toBe(part);
    // One more pod of the same term changes numbers; one of another term changes what they rest on.
    state.setBoundPod({ ...podWith({ apart: [app('web', 'rack')] }), nodeName: 'b1', uid: 'more' });
    const more = traitsOf(state, { app: 'web' });
    expect(more.basis.every((part, index) => part === first.basis[index])).toBe(true);
    expect(more.at).toEqual([[1, 0, 1]]);
    state.setBoundPod({
      ...podWith({ ratherNear: [[1, app('web', 'rack')]] }),
      nodeName: 'a2',
      uid: 'other',
    });
    expect(traitsOf(state, { app: 'web' }).basis.length).toBeGreaterThan(first.basis.length);
  });
});

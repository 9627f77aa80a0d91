import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { projectService } from '../../../src/cluster/project-workload.js';
import type { EventRegistration, EventResource } from '../../../src/framework/cluster-event.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { clusterOf } from './cluster-objects.js';
import { constraint, nodeIn, pluginFor, preference, spreadPod, webPods, zone } from './spread-cluster.js';

const plugin = pluginFor(clusterOf([]));

function hint<T>(resource: EventResource, pod: Pod, old: T | undefined, now: T | undefined, asked = plugin) {
  const events = asked.events as readonly EventRegistration<unknown, unknown>[];
  return events.find((event) => event.resource === resource)!.hint!(pod, old, now);
}

const ofPods = (pod: Pod, old: Pod | undefined, now: Pod | undefined) => hint('AssignedPod', pod, old, now);
const ofItself = (pod: Pod, old: Pod, now: Pod) => hint('TargetPod', pod, old, now);
const ofNodes = (pod: Pod, old: Node | undefined, now: Node | undefined) => hint('Node', pod, old, now);
const assigned = (parts: PodParts = {}) => webPods(1, 'n', parts)[0]!;

describe('what can help a pod refused by spread constraints', () => {
  const pod = spreadPod([constraint()]);

  it('is asked for of the events that change counts, domains or the pod', () => {
    expect(plugin.events.map(({ resource, action }) => [resource, action])).toEqual([
      ['AssignedPod', Action.Add | Action.Delete | Action.UpdatePodLabel],
      ['TargetPod', Action.UpdatePodLabel | Action.UpdatePodToleration],
      ['Node', Action.Add | Action.Delete | Action.UpdateNodeLabel | Action.UpdateNodeTaint],
    ]);
  });

  it('is a pod coming or going that some hard constraint counts', () => {
    expect(ofPods(pod, undefined, assigned())).toBe('Queue');
    expect(ofPods(pod, assigned(), undefined)).toBe('Queue');
    expect(ofPods(pod, assigned({ labels: { app: 'other' } }), undefined)).toBe('Skip');
    expect(ofPods(spreadPod([preference()]), assigned(), undefined)).toBe('Skip');
    const two = [constraint({ labelSelector: { matchLabels: { tier: 'x' } } }), constraint()];
    expect(ofPods(spreadPod(two), assigned(), undefined)).toBe('Queue');
  });

  it('is a pod that is on a node or nominated to one, in the same namespace', () => {
    expect(ofPods(pod, assigned({ namespace: 'other' }), undefined)).toBe('Skip');
    expect(ofPods(pod, makePod({ labels: { app: 'web' } }), undefined)).toBe('Skip');
    const nominated = makePod({ labels: { app: 'web' }, status: { nominatedNodeName: 'n' } });
    expect(ofPods(pod, nominated, undefined)).toBe('Queue');
    const other = assigned({ labels: { app: 'other' } });
    expect(ofPods(pod, makePod({ labels: { app: 'web' } }), other)).toBe('Skip');
    expect(ofPods(pod, other, makePod({ labels: { app: 'web' } }))).toBe('Skip');
  });

  it('is a change of labels that makes a pod counted or no longer counted', () => {
    const other = assigned({ labels: { app: 'other' } });
    expect(ofPods(pod, other, assigned())).toBe('Queue');
    expect(ofPods(pod, assigned(), other)).toBe('Queue');
    expect(ofPods(pod, assigned(), assigned({ labels: { app: 'web', more: 'x' } }))).toBe('Skip');
  });

  it('is a pod of any labels for an empty selector, and of none without a selector', () => {
    const other = assigned({ labels: { app: 'other' } });
    expect(ofPods(spreadPod([constraint({ labelSelector: {} })]), undefined, other)).toBe('Queue');
    expect(ofPods(spreadPod([constraint({ labelSelector: undefined })]), undefined, other)).toBe('Skip');
  });

  it('is new labels of its own that change whether it counts itself', () => {
    const changed = spreadPod([constraint()], { labels: { app: 'other' } });
    expect(ofItself(changed, pod, changed)).toBe('Queue');
    const more = spreadPod([constraint()], { labels: { app: 'web', more: 'x' } });
    expect(ofItself(more, pod, more)).toBe('Skip');
  });

  it('is new tolerations of its own where taints are honored', () => {
    const tolerating = (nodeTaintsPolicy: string, ...keys: string[]) =>
      spreadPod([constraint({ nodeTaintsPolicy })], {
        spec: { tolerations: keys.map((key) => ({ key, operator: 'Exists' })) },
      });
    const update = (policy: string, now: string[]) =>
      ofItself(tolerating(policy, ...now), tolerating(policy, 'a'), tolerating(policy, ...now));
    expect(update('Honor', ['a', 'b'])).toBe('Queue');
    expect(update('Honor', ['b'])).toBe('Queue');
    expect(update('Honor', ['a'])).toBe('Skip');
    expect(update('Ignore', ['a', 'b'])).toBe('Skip');
  });

  it('is a node with all topology keys coming or going', () => {
    const two = spreadPod([constraint(), constraint({ topologyKey: 'rack' })]);
    const both = nodeIn('a', 'n', { labels: { rack: 'r' } });
    expect(ofNodes(two, undefined, both)).toBe('Queue');
    expect(ofNodes(two, both, undefined)).toBe('Queue');
    expect(ofNodes(two, undefined, nodeIn('a', 'n'))).toBe('Skip');
    expect(ofNodes(two, nodeIn('a', 'n'), undefined)).toBe('Skip');
  });

  it('is a node that gets or loses a key, moves to another domain, or has other taints', () => {
    const bare = makeNode({ name: 'n' });
    const inA = nodeIn('a', 'n');
    const taints = (...keys: string[]) =>
      nodeIn('a', 'n', { taints: keys.map((key) => ({ key, effect: 'NoSchedule' })) });
    expect(ofNodes(pod, bare, inA)).toBe('Queue');
    expect(ofNodes(pod, inA, bare)).toBe('Queue');
    expect(ofNodes(pod, inA, nodeIn('b', 'n'))).toBe('Queue');
    expect(ofNodes(pod, inA, taints('k'))).toBe('Queue');
    expect(ofNodes(pod, taints('l'), taints('k'))).toBe('Queue');
    expect(ofNodes(pod, taints('k'), taints('k'))).toBe('Skip');
    expect(ofNodes(pod, inA, nodeIn('a', 'n', { labels: { other: 'x' } }))).toBe('Skip');
    const tainted = makeNode({ name: 'n', taints: [{ key: 'k', effect: 'NoSchedule' }] });
    expect(ofNodes(pod, bare, tainted)).toBe('Skip');
  });

  it('follows the default constraints of a pod without its own', () => {
    const cluster = clusterOf([]);
    const defaults = [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule' }];
    const withList = pluginFor(cluster, { defaultingType: 'List', defaultConstraints: defaults });
    const ask = (pending: Pod) => hint('AssignedPod', pending, assigned(), undefined, withList);
    const plain = makePod({ labels: { app: 'web' } });
    expect(ask(plain)).toBe('Skip');
    const metadata = { name: 's', namespace: 'default', uid: 's', resourceVersion: '1' };
    cluster.services.set(projectService({ metadata, spec: { selector: { app: 'web' } } }));
    expect(ask(plain)).toBe('Queue');
  });

  it('is anything when a selector is invalid: the hint fails, and a hint that fails brings the pod back', () => {
    const invalid = { labelSelector: { matchLabels: { 'not valid!': 'x' } } };
    expect(() => ofPods(spreadPod([constraint(invalid)]), assigned(), undefined)).toThrow('not valid!');
  });
});

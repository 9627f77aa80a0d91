import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { InterPodAffinity } from '../../../src/plugins/inter-pod-affinity.js';
import { makeNode, makePod } from '../../build-objects.js';
import { app, podWith } from './inter-pod-affinity-world.js';

const { events } = new InterPodAffinity(new ClusterState());
const podHint = (pod: Pod, old: Pod | undefined, now: Pod | undefined) =>
  events[0]!.hint!(pod as never, old as never, now as never);
const nodeHint = (pod: Pod, old: Node | undefined, now: Node | undefined) =>
  events[2]!.hint!(pod as never, old as never, now as never);
const on = (nodeName: string, labels: Record<string, string>) => makePod({ nodeName, labels });
const node = (labels: Record<string, string>) => makeNode({ name: 'n', labels });

const db = on('n', { app: 'db' });
const fullDb = on('n', { app: 'db', tier: 'x' });
const web = on('n', { app: 'web' });
const tierX = { topologyKey: 'zone', labelSelector: { matchLabels: { tier: 'x' } } };

describe('InterPodAffinity, hints', () => {
  it('registers for pods on nodes, for the pod itself, and for nodes', () => {
    expect(events.map(({ resource, action }) => [resource, action])).toEqual([
      ['AssignedPod', Action.Add | Action.UpdatePodLabel | Action.Delete],
      ['TargetPod', Action.UpdatePodLabel],
      ['Node', Action.Add | Action.UpdateNodeLabel],
    ]);
    // New labels of the pod itself may always help.
    expect(events[1]).not.toHaveProperty('hint');
  });

  it('a pod that came helps if it matches all that is wanted', () => {
    const wanting = podWith({ near: [app('db'), tierX] });
    expect(podHint(wanting, undefined, fullDb)).toBe('Queue');
    expect(podHint(wanting, undefined, db)).toBe('Skip');
    expect(podHint(podWith({ apart: [app('db')] }), undefined, db)).toBe('Skip');
    expect(podHint(makePod(), undefined, db)).toBe('Skip');
  });

  it('a pod that went helps if it was shunned, or if it shunned the pod', () => {
    expect(podHint(podWith({ apart: [app('web'), app('db')] }), db, undefined)).toBe('Queue');
    expect(podHint(podWith({ apart: [app('web')] }), db, undefined)).toBe('Skip');
    expect(podHint(podWith({ near: [app('db')] }), db, undefined)).toBe('Skip');
    const shunning = podWith({ apart: [app('x'), app('web')] }, { nodeName: 'n' });
    expect(podHint(makePod({ labels: { app: 'web' } }), shunning, undefined)).toBe('Queue');
    expect(podHint(makePod({ labels: { app: 'db' } }), shunning, undefined)).toBe('Skip');
  });

  it('new labels help if the pod has come to match what is wanted, or has ceased to be shunned by any term', () => {
    const wanting = podWith({ near: [app('db'), tierX] });
    expect(podHint(wanting, db, fullDb)).toBe('Queue');
    expect(podHint(wanting, fullDb, fullDb)).toBe('Skip');
    expect(podHint(wanting, fullDb, db)).toBe('Skip');
    const shunning = podWith({ apart: [app('db'), tierX] });
    expect(podHint(shunning, fullDb, web)).toBe('Queue');
    expect(podHint(shunning, fullDb, db)).toBe('Skip');
    expect(podHint(shunning, web, web)).toBe('Skip');
    expect(podHint(makePod({ labels: { app: 'db' } }), db, web)).toBe('Skip');
  });

  it('a pod that is neither on a node nor promised one is no help; a promised one is', () => {
    const wanting = podWith({ near: [app('db')] });
    const nowhere = makePod({ labels: { app: 'db' } });
    const promised = makePod({ labels: { app: 'db' }, status: { nominatedNodeName: 'n' } });
    expect(podHint(wanting, undefined, nowhere)).toBe('Skip');
    expect(podHint(wanting, undefined, promised)).toBe('Queue');
    expect(podHint(podWith({ apart: [app('db')] }), nowhere, undefined)).toBe('Skip');
    expect(podHint(podWith({ apart: [app('db')] }), promised, undefined)).toBe('Queue');
    expect(podHint(podWith({ apart: [app('db')] }), nowhere, web)).toBe('Skip');
  });

  it('holds namespace selectors against no labels: denials match every namespace, demands none', () => {
    const far = makePod({ nodeName: 'n', namespace: 'far', labels: { app: 'db' } });
    const wanting = (namespaceSelector: object) =>
      podWith({ near: [app('db', 'zone', { namespaceSelector })] });
    const of = (operator: string) => ({ matchExpressions: [{ key: 'team', operator }] });
    expect(podHint(wanting({}), undefined, far)).toBe('Queue');
    expect(podHint(wanting(of('DoesNotExist')), undefined, far)).toBe('Queue');
    expect(podHint(wanting(of('Exists')), undefined, far)).toBe('Skip');
    expect(podHint(podWith({ near: [app('db', 'zone', { namespaces: ['far'] })] }), undefined, far)).toBe(
      'Queue',
    );
    expect(podHint(podWith({ near: [app('db')] }), undefined, far)).toBe('Skip');
  });

  it('a new node helps if it has the key of something wanted, or if anything is shunned', () => {
    const wanting = podWith({ near: [app('db', 'rack'), app('db')] });
    expect(nodeHint(wanting, undefined, node({ zone: 'a' }))).toBe('Queue');
    expect(nodeHint(wanting, undefined, node({}))).toBe('Skip');
    expect(nodeHint(podWith({ apart: [app('db')] }), undefined, node({}))).toBe('Queue');
    // Whom only others shun, no new node wakes.
    expect(nodeHint(makePod(), undefined, node({ zone: 'a' }))).toBe('Skip');
  });

  it.each<[string, Record<string, string>, Record<string, string>, 'Queue' | 'Skip', 'Queue' | 'Skip']>([
    ['gained', {}, { zone: 'a' }, 'Queue', 'Skip'],
    ['changed', { zone: 'a' }, { zone: 'b' }, 'Queue', 'Queue'],
    ['lost', { zone: 'a' }, {}, 'Skip', 'Queue'],
    ['kept', { zone: 'a' }, { zone: 'a', other: 'x' }, 'Skip', 'Skip'],
    ['never had', {}, { other: 'x' }, 'Skip', 'Skip'],
  ])('a node that %s a key: what that means for who wants and who shuns', (_, old, now, wants, shuns) => {
    expect(nodeHint(podWith({ near: [app('db')] }), node(old), node(now))).toBe(wants);
    expect(nodeHint(podWith({ apart: [app('db')] }), node(old), node(now))).toBe(shuns);
    expect(nodeHint(podWith({ ratherNear: [[1, app('db')]] }), node(old), node(now))).toBe('Skip');
  });

  it('asks for another try when the terms of the pod cannot be read', () => {
    const broken = podWith({ near: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: '!' } } }] });
    expect(podHint(broken, undefined, web)).toBe('Queue');
    expect(nodeHint(broken, undefined, node({}))).toBe('Queue');
  });
});

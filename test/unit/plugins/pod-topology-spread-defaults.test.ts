import { describe, expect, it } from '@jest/globals';
import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import {
  projectReplicaSet,
  projectReplicationController,
  projectService,
  projectStatefulSet,
} from '../../../src/cluster/project-workload.js';
import type { PodTopologySpreadArgs } from '../../../src/config/plugin-args.js';
import type { PodTopologySpread } from '../../../src/plugins/pod-topology-spread.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
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
  tooSkewed,
  webPods,
  zone,
} from './spread-cluster.js';

const hardByZone: PodTopologySpreadArgs = {
  defaultingType: 'List',
  defaultConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule' }],
};

function named(name: string, spec: object, namespace = 'default') {
  return { metadata: { name, namespace, uid: `uid-of-${name}`, resourceVersion: '1' }, spec };
}

/** Zones a and b, two web pods in a. */
function webInZoneA(): ClusterState {
  return clusterOf([nodeIn('a', 'na'), nodeIn('b', 'nb')], webPods(2, 'na'));
}

function owned(apiVersion: string, kind: string, parts: PodParts = {}) {
  const ownerReferences = [
    { apiVersion: 'x/v1', kind: 'Other', name: 'not-the-controller', uid: 'o' },
    { apiVersion, kind, name: 'owner', uid: 'whatever', controller: true },
  ];
  return makePod({ labels: { app: 'web' }, ...parts, metadata: { ownerReferences } });
}

/** One plugin for each cluster, which has to notice what changes. */
const plugins = new WeakMap<ClusterState, PodTopologySpread>();
function fitting(cluster: ClusterState, pod: Pod): string[] {
  const plugin = plugins.get(cluster) ?? pluginFor(cluster, hardByZone);
  plugins.set(cluster, plugin);
  return new SpreadCycle(cluster, pod, plugin).fitting();
}
const spread = ['nb'];
const anywhere = ['na', 'nb'];

describe('default spread constraints', () => {
  it('spread the pods that a Service of the namespace selects', () => {
    const cluster = webInZoneA();
    const pod = makePod({ labels: { app: 'web', more: 'x' } });
    expect(fitting(cluster, pod)).toEqual(anywhere);
    cluster.services.set(projectService(named('elsewhere', { selector: { app: 'web' } }, 'other')));
    cluster.services.set(projectService(named('no-selector', {})));
    cluster.services.set(projectService(named('everything', { selector: {} })));
    cluster.services.set(projectService(named('others', { selector: { app: 'other' } })));
    expect(fitting(cluster, pod)).toEqual(anywhere);
    cluster.services.set(projectService(named('web', { selector: { app: 'web' } })));
    expect(fitting(cluster, pod)).toEqual(spread);
    // All Services that select the pod together: no pod in zone a has both labels.
    cluster.services.set(projectService(named('more', { selector: { more: 'x' } })));
    expect(fitting(cluster, pod)).toEqual(anywhere);
    cluster.services.delete({ namespace: 'default', name: 'more' });
    expect(fitting(cluster, pod)).toEqual(spread);
  });

  it('merge a ReplicationController over the Services, key by key', () => {
    const cluster = webInZoneA();
    const pod = owned('v1', 'ReplicationController', { labels: { app: 'new' } });
    expect(fitting(cluster, pod)).toEqual(anywhere);
    cluster.services.set(projectService(named('new', { selector: { app: 'new' } })));
    expect(fitting(cluster, pod)).toEqual(anywhere);
    cluster.replicationControllers.set(
      projectReplicationController(named('owner', { selector: { app: 'web' } })),
    );
    // Pods of app=web are counted, of which the pod is none: two above the minimum of 0 are too many, one is not.
    expect(new SpreadCycle(cluster, pod, pluginFor(cluster, hardByZone)).verdicts()).toEqual({
      na: tooSkewed,
      nb: undefined,
    });
  });

  it.each([
    ['ReplicaSet', projectReplicaSet, (cluster: ClusterState) => cluster.replicaSets],
    ['StatefulSet', projectStatefulSet, (cluster: ClusterState) => cluster.statefulSets],
  ] as const)('add the selector of a %s', (kind, project, table) => {
    const cluster = webInZoneA();
    const pod = owned('apps/v1', kind);
    expect(fitting(cluster, pod)).toEqual(anywhere);
    const inWeb = { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'x'] }] };
    table(cluster).set(project(named('owner', { selector: inWeb })));
    expect(fitting(cluster, pod)).toEqual(spread);
    // By name in the namespace, and only for an owner of exactly this kind.
    expect(fitting(cluster, owned('apps/v1', kind, { namespace: 'other' }))).toEqual(anywhere);
    expect(fitting(cluster, owned('apps/v1beta1', kind))).toEqual(anywhere);
    expect(fitting(cluster, owned('v1', kind))).toEqual(anywhere);
    // It is added to what Services select, not merged over it.
    cluster.services.set(projectService(named('web', { selector: { app: 'web' } })));
    table(cluster).set(project(named('owner', { selector: { matchLabels: { app: 'other' } } })));
    expect(fitting(cluster, pod)).toEqual(anywhere);
    table(cluster).set(project(named('owner', {})));
    expect(fitting(cluster, pod)).toEqual(spread);
    const invalid = { matchExpressions: [{ key: 'app', operator: 'Near', values: ['x'] }] };
    table(cluster).set(project(named('owner', { selector: invalid })));
    expect(fitting(cluster, pod)).toEqual(spread);
  });

  it('follow the labels, the namespace and the owner of each pod of a template', () => {
    const cluster = webInZoneA();
    for (const pod of webPods(2, 'nb', { labels: { app: 'db' } })) cluster.setBoundPod(pod);
    // A namespace without Services: nothing says that these belong together.
    for (const pod of webPods(2, 'na', { namespace: 'other' })) cluster.setBoundPod(pod);
    for (const app of ['web', 'db']) cluster.services.set(projectService(named(app, { selector: { app } })));
    const template = { labels: { app: 'web' } };
    expect(fitting(cluster, makePod(template))).toEqual(['nb']);
    expect(fitting(cluster, makePod({ labels: { app: 'db' } }))).toEqual(['na']);
    expect(fitting(cluster, makePod(template))).toEqual(['nb']);
    expect(fitting(cluster, makePod({ ...template, namespace: 'other' }))).toEqual(anywhere);
    expect(fitting(cluster, makePod(template))).toEqual(['nb']);
    const selector = { matchLabels: { app: 'nobody' } };
    cluster.replicaSets.set(projectReplicaSet(named('owner', { selector })));
    expect(fitting(cluster, owned('apps/v1', 'ReplicaSet'))).toEqual(anywhere);
    expect(fitting(cluster, makePod(template))).toEqual(['nb']);
  });

  it('spread each revision of a Deployment for itself', () => {
    const hash = (value: string) => ({ labels: { app: 'web', 'pod-template-hash': value } });
    const cluster = clusterOf(
      [nodeIn('a', 'na'), nodeIn('b', 'nb')],
      [...webPods(3, 'na', hash('old')), ...webPods(1, 'nb', hash('new'))],
    );
    const selector = { matchLabels: { app: 'web', 'pod-template-hash': 'new' } };
    cluster.replicaSets.set(projectReplicaSet(named('owner', { selector })));
    expect(fitting(cluster, owned('apps/v1', 'ReplicaSet', hash('new')))).toEqual(['na']);
  });

  it('give way, of both actions, to any constraint of the pod itself', () => {
    const cluster = webInZoneA();
    cluster.services.set(projectService(named('web', { selector: { app: 'web' } })));
    const withOwn = new SpreadCycle(
      cluster,
      spreadPod([preference({ topologyKey: hostname })]),
      pluginFor(cluster, hardByZone),
    );
    expect(withOwn.started).toEqual({ kind: 'skip' });
    const system = new SpreadCycle(cluster, spreadPod([constraint({ topologyKey: hostname })]));
    expect(system.scores()).toBe('skip');
  });

  it('know minDomains and policies, but no matchLabelKeys', () => {
    const cluster = webInZoneA();
    cluster.setNode(nodeIn('c', 'nc', { taints: [{ key: 'k', effect: 'NoSchedule' }] }));
    cluster.services.set(projectService(named('web', { selector: { app: 'web' } })));
    for (const pod of webPods(1, 'nb')) cluster.setBoundPod(pod);
    const fits = (parts: object) => {
      const [base] = hardByZone.defaultConstraints!;
      const args = { ...hardByZone, defaultConstraints: [{ ...base!, ...parts }] };
      return new SpreadCycle(
        cluster,
        makePod({ labels: { app: 'web', rev: '1' } }),
        pluginFor(cluster, args),
      ).fitting();
    };
    expect(fits({})).toEqual(['nc']);
    expect(fits({ nodeTaintsPolicy: 'Honor' })).toEqual(['nb', 'nc']);
    expect(fits({ nodeTaintsPolicy: 'Honor', minDomains: 3 })).toEqual(['nc']);
    expect(fits({ matchLabelKeys: ['rev'] })).toEqual(['nc']);
  });

  it('score, as the system has them, nodes without a zone by what they have', () => {
    const cluster = clusterOf(
      [nodeIn('a', 'na'), makeNode({ name: 'bare' }), nodeIn('b', 'nb')],
      [...webPods(1, 'na'), ...webPods(1, 'bare')],
    );
    cluster.services.set(projectService(named('web', { selector: { app: 'web' } })));
    const pod = makePod({ labels: { app: 'web' } });
    // Three hosts and three zones, no zone being one of them: ln 5 for both.
    const ln5 = Math.log(5);
    expect(new SpreadCycle(cluster, pod).scores()).toMatchObject({
      raw: { na: Math.round(2 * ln5 + 6), nb: 6, bare: Math.round(ln5 + 2) },
      normalized: { bare: 100, nb: Math.floor((100 * (9 + 4 - 6)) / 9) },
    });
    const list: PodTopologySpreadArgs = {
      defaultingType: 'List',
      defaultConstraints: [
        { maxSkew: 3, topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway' },
        { maxSkew: 5, topologyKey: zone, whenUnsatisfiable: 'ScheduleAnyway' },
      ],
    };
    // A list, even of the same constraints, ignores nodes without a key.
    const ln4 = Math.log(4);
    expect(new SpreadCycle(cluster, pod, pluginFor(cluster, list)).scores()).toMatchObject({
      raw: { na: Math.round(2 * ln4 + 6), nb: 6, bare: 0 },
      normalized: { bare: 0 },
    });
    expect(new SpreadCycle(cluster, makePod()).scores()).toBe('skip');
  });

  it('take nodes without a zone and nodes with an empty one for the same domain', () => {
    const cluster = clusterOf(
      [nodeIn('', 'empty'), makeNode({ name: 'bare' }), nodeIn('b', 'nb')],
      [...webPods(4, 'bare'), ...webPods(1, 'empty')],
    );
    cluster.services.set(projectService(named('web', { selector: { app: 'web' } })));
    // Hosts: ln 5; zones, of which there are two: ln 4. All five pods are in the domain of the empty zone.
    expect(new SpreadCycle(cluster, makePod({ labels: { app: 'web' } })).scores()).toMatchObject({
      raw: {
        empty: Math.round(Math.log(5) + 5 * Math.log(4) + 6),
        bare: Math.round(4 * Math.log(5) + 2),
        nb: 6,
      },
    });
    // Unless the node without a zone is none of those whose pods count.
    cluster.setNode(nodeIn('', 'empty', { labels: { disk: 'ssd' } }));
    const choosy = makePod({ labels: { app: 'web' }, spec: { nodeSelector: { disk: 'ssd' } } });
    expect(new SpreadCycle(cluster, choosy).scores()).toMatchObject({
      raw: { empty: Math.round(Math.log(5) + Math.log(4) + 6) },
    });
  });

  it('of a list count only nodes that have all their keys', () => {
    const racked = (zoneName: string, name: string) => nodeIn(zoneName, name, { labels: { rack: 'r' } });
    const cluster = clusterOf(
      [racked('a', 'na'), racked('b', 'nb'), nodeIn('a', 'bare')],
      [...webPods(1, 'na'), ...webPods(5, 'bare')],
    );
    cluster.services.set(projectService(named('web', { selector: { app: 'web' } })));
    const soft = { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' };
    const args = {
      defaultingType: 'List',
      defaultConstraints: [
        { ...soft, topologyKey: zone },
        { ...soft, topologyKey: 'rack' },
      ],
    };
    const pod = makePod({ labels: { app: 'web' } });
    expect(new SpreadCycle(cluster, pod, pluginFor(cluster, args)).scores()).toMatchObject({
      raw: { na: Math.round(Math.log(4) + Math.log(3)), nb: Math.round(Math.log(3)), bare: 0 },
    });
  });

  it('of a list may be hard, and need the key then', () => {
    const cluster = webInZoneA();
    cluster.setNode(makeNode({ name: 'bare' }));
    cluster.services.set(projectService(named('web', { selector: { app: 'web' } })));
    const pod = makePod({ labels: { app: 'web' } });
    expect(new SpreadCycle(cluster, pod, pluginFor(cluster, hardByZone)).verdicts()).toEqual({
      na: tooSkewed,
      nb: undefined,
      bare: missingLabel,
    });
    expect(new SpreadCycle(cluster, pod, pluginFor(cluster, { defaultingType: 'List' })).started).toEqual({
      kind: 'skip',
    });
  });
});

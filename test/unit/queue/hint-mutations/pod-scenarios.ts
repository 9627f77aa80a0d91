import { Action } from '../../../../src/cluster/action.js';
import type { PodParts } from '../../../build-objects.js';
import type { HintWorld } from './hint-world.js';
import { type Scenario, subject } from './scenario.js';

type Json = Readonly<Record<string, unknown>>;

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const hostname = 'kubernetes.io/hostname';
const web = { app: 'web' };
const taint = { key: 'k', effect: 'NoSchedule' };

const spread = (constraint: Json = {}): PodParts => ({
  labels: web,
  spec: {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: web },
        ...constraint,
      },
    ],
  },
});

/** A web pod in zone a, none in zone b, which is closed to the pod. */
const uneven = (world: HintWorld): void => {
  world.node({ name: 'a', labels: { zone: 'a' } });
  world.node({ name: 'b', labels: { zone: 'b' }, unschedulable: true });
  world.pod({ name: 'first', labels: web, nodeName: 'a' });
  world.pod({ name: 'other', labels: { app: 'db' }, nodeName: 'b' });
};
const closed = ['NodeUnschedulable'];

const term = (key: string, app: string): Json => ({
  topologyKey: key,
  labelSelector: { matchLabels: { app } },
});
const beside = (app: string, key = hostname): PodParts => ({
  spec: { affinity: { podAffinity: { [required]: [term(key, app)] } } },
});
const apartFrom = (app: string, key = hostname): Json => ({
  affinity: { podAntiAffinity: { [required]: [term(key, app)] } },
});

/** Refusals for what other pods are there. */
export const podScenarios: readonly Scenario[] = [
  {
    plugin: 'PodTopologySpread',
    resource: 'AssignedPod',
    action: Action.Add,
    given: uneven,
    pod: spread(),
    besides: closed,
    cure: (world) => world.pod({ name: 'second', labels: web, nodeName: 'b' }),
    idle: {
      'a pod that is not counted': (world) => world.pod({ name: 'x', labels: { app: 'db' }, nodeName: 'b' }),
      'a pod of another namespace': (world) =>
        world.pod({ name: 'x', labels: web, nodeName: 'b', namespace: 'elsewhere' }),
    },
  },
  {
    plugin: 'PodTopologySpread',
    resource: 'AssignedPod',
    action: Action.Delete,
    given: uneven,
    pod: spread(),
    besides: closed,
    cure: (world) => world.removePod('first'),
    idle: { 'a pod that was not counted': (world) => world.removePod('other') },
  },
  {
    plugin: 'PodTopologySpread',
    resource: 'AssignedPod',
    action: Action.UpdatePodLabel,
    given: uneven,
    pod: spread(),
    besides: closed,
    cure: (world) => world.pod({ name: 'other', labels: web, nodeName: 'b' }),
    idle: {
      'labels that do not count': (world) =>
        world.pod({ name: 'first', labels: { ...web, more: 'x' }, nodeName: 'a' }),
    },
  },
  {
    plugin: 'PodTopologySpread',
    resource: 'TargetPod',
    action: Action.UpdatePodLabel,
    given: uneven,
    pod: spread(),
    besides: closed,
    cure: (world) => world.pod({ name: subject, ...spread(), labels: { app: 'db' } }),
    idle: {
      'labels that do not count': (world) =>
        world.pod({ name: subject, ...spread(), labels: { ...web, more: 'x' } }),
    },
  },
  {
    // Two domains are demanded; the second one is tainted and counts for those alone who tolerate it.
    plugin: 'PodTopologySpread',
    resource: 'TargetPod',
    action: Action.UpdatePodToleration,
    given: (world) => {
      world.node({ name: 'a', labels: { zone: 'a' } });
      world.node({ name: 'b', labels: { zone: 'b' }, unschedulable: true, taints: [taint] });
      world.pod({ name: 'first', labels: web, nodeName: 'a' });
      world.pod({ name: 'second', labels: web, nodeName: 'b' });
    },
    pod: spread({ minDomains: 2, nodeTaintsPolicy: 'Honor' }),
    besides: closed,
    cure: (world) => {
      const { labels, spec } = spread({ minDomains: 2, nodeTaintsPolicy: 'Honor' });
      world.pod({
        name: subject,
        labels: labels!,
        spec: { ...spec, tolerations: [{ key: 'k', operator: 'Exists' }] },
      });
    },
  },
  {
    plugin: 'PodTopologySpread',
    resource: 'Node',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'a', labels: { zone: 'a' } });
      world.pod({ name: 'first', labels: web, nodeName: 'a' });
    },
    pod: spread({ minDomains: 2 }),
    cure: (world) => world.node({ name: 'b', labels: { zone: 'b' } }),
    idle: { 'a node outside all domains': (world) => world.node({ name: 'b' }) },
  },
  {
    plugin: 'PodTopologySpread',
    resource: 'Node',
    action: Action.Delete,
    given: (world) => {
      uneven(world);
      world.node({ name: 'nowhere', unschedulable: true });
    },
    pod: spread(),
    besides: closed,
    cure: (world) => world.removeNode('b'),
    idle: { 'a node outside all domains': (world) => world.removeNode('nowhere') },
  },
  {
    plugin: 'PodTopologySpread',
    resource: 'Node',
    action: Action.UpdateNodeLabel,
    given: uneven,
    pod: spread(),
    besides: closed,
    cure: (world) => world.node({ name: 'b', labels: { zone: 'a' }, unschedulable: true }),
    idle: {
      'another label': (world) =>
        world.node({ name: 'b', labels: { zone: 'b', more: 'x' }, unschedulable: true }),
    },
  },
  {
    plugin: 'PodTopologySpread',
    resource: 'Node',
    action: Action.UpdateNodeTaint,
    given: (world) => {
      uneven(world);
      world.node({ name: 'nowhere', unschedulable: true });
    },
    pod: spread({ nodeTaintsPolicy: 'Honor' }),
    besides: closed,
    cure: (world) => world.node({ name: 'b', labels: { zone: 'b' }, unschedulable: true, taints: [taint] }),
    idle: {
      'of a node outside all domains': (world) =>
        world.node({ name: 'nowhere', unschedulable: true, taints: [taint] }),
    },
  },
  {
    plugin: 'InterPodAffinity',
    resource: 'AssignedPod',
    action: Action.Add,
    given: (world) => world.node({ name: 'a' }),
    pod: beside('db'),
    cure: (world) => world.pod({ name: 'db', labels: { app: 'db' }, nodeName: 'a' }),
    idle: { 'another pod': (world) => world.pod({ name: 'x', labels: web, nodeName: 'a' }) },
  },
  {
    plugin: 'InterPodAffinity',
    resource: 'AssignedPod',
    action: Action.UpdatePodLabel,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'other', nodeName: 'a' });
    },
    pod: beside('db'),
    cure: (world) => world.pod({ name: 'other', labels: { app: 'db' }, nodeName: 'a' }),
    idle: { 'other labels': (world) => world.pod({ name: 'other', labels: web, nodeName: 'a' }) },
  },
  {
    plugin: 'InterPodAffinity',
    resource: 'AssignedPod',
    action: Action.Delete,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'noisy', labels: { app: 'noisy' }, nodeName: 'a' });
      world.pod({ name: 'other', labels: web, nodeName: 'a' });
    },
    pod: { spec: apartFrom('noisy') },
    cure: (world) => world.removePod('noisy'),
    idle: { 'a pod that was in nobody’s way': (world) => world.removePod('other') },
  },
  {
    plugin: 'InterPodAffinity',
    resource: 'TargetPod',
    action: Action.UpdatePodLabel,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'shy', nodeName: 'a', spec: { nodeName: 'a', ...apartFrom('web') } });
    },
    pod: { labels: web },
    cure: (world) => world.pod({ name: subject, labels: { app: 'db' } }),
    idle: {
      'a toleration': (world) =>
        world.pod({ name: subject, labels: web, spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } }),
    },
  },
  {
    plugin: 'InterPodAffinity',
    resource: 'Node',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'noisy', labels: { app: 'noisy' }, nodeName: 'a' });
    },
    pod: { spec: apartFrom('noisy') },
    cure: (world) => world.node({ name: 'b' }),
  },
  {
    plugin: 'InterPodAffinity',
    resource: 'Node',
    action: Action.UpdateNodeLabel,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'db', labels: { app: 'db' }, nodeName: 'a' });
    },
    pod: beside('db', 'zone'),
    cure: (world) => world.node({ name: 'a', labels: { zone: 'a' } }),
    idle: { 'another label': (world) => world.node({ name: 'a', labels: { disk: 'ssd' } }) },
  },
];

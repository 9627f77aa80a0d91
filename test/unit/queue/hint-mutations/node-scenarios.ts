import { Action } from '../../../../src/cluster/action.js';
import type { PodParts } from '../../../build-objects.js';
import { type Scenario, subject } from './scenario.js';

const taints = [{ key: 'k', value: 'v', effect: 'NoSchedule' }];
const others = [{ key: 'other', effect: 'NoSchedule' }];

const tolerating = (...keys: string[]): PodParts => ({
  spec: { tolerations: keys.map((key) => ({ key, operator: 'Exists' })) },
});
const onDisk = (value: string): PodParts => ({ spec: { nodeSelector: { disk: value } } });
const onPort = (hostPort: number, parts: PodParts = {}): PodParts => ({
  ...parts,
  spec: { containers: [{ name: 'app', image: 'x', ports: [{ containerPort: 80, hostPort }] }] },
});
const asking = (cpu: string, parts: PodParts = {}): PodParts => ({ ...parts, requests: { cpu } });
const cordon = 'node.kubernetes.io/unschedulable';

/** Refusals for what a node is or has. */
export const nodeScenarios: readonly Scenario[] = [
  {
    plugin: 'NodeUnschedulable',
    resource: 'Node',
    action: Action.Add,
    given: (world) => world.node({ name: 'a', unschedulable: true }),
    pod: {},
    cure: (world) => world.node({ name: 'b' }),
    idle: { 'a cordoned node': (world) => world.node({ name: 'b', unschedulable: true }) },
  },
  {
    plugin: 'NodeUnschedulable',
    resource: 'Node',
    action: Action.UpdateNodeTaint,
    given: (world) => world.node({ name: 'a', unschedulable: true }),
    pod: {},
    cure: (world) => world.node({ name: 'a' }),
    idle: { 'other taints': (world) => world.node({ name: 'a', unschedulable: true, taints }) },
  },
  {
    plugin: 'NodeUnschedulable',
    resource: 'TargetPod',
    action: Action.UpdatePodToleration,
    given: (world) => world.node({ name: 'a', unschedulable: true }),
    pod: {},
    cure: (world) => world.pod({ name: subject, ...tolerating(cordon) }),
    idle: { 'another toleration': (world) => world.pod({ name: subject, ...tolerating('k') }) },
  },
  {
    plugin: 'TaintToleration',
    resource: 'Node',
    action: Action.Add,
    given: (world) => world.node({ name: 'a', taints }),
    pod: {},
    cure: (world) => world.node({ name: 'b' }),
    idle: { 'a tainted node': (world) => world.node({ name: 'b', taints }) },
  },
  {
    plugin: 'TaintToleration',
    resource: 'Node',
    action: Action.UpdateNodeTaint,
    given: (world) => world.node({ name: 'a', taints }),
    pod: {},
    cure: (world) => world.node({ name: 'a' }),
    idle: { 'another taint': (world) => world.node({ name: 'a', taints: others }) },
  },
  {
    plugin: 'TaintToleration',
    resource: 'TargetPod',
    action: Action.UpdatePodToleration,
    given: (world) => world.node({ name: 'a', taints }),
    pod: {},
    cure: (world) => world.pod({ name: subject, ...tolerating('k') }),
    idle: { 'new labels': (world) => world.pod({ name: subject, labels: { a: 'b' } }) },
  },
  {
    plugin: 'NodeAffinity',
    resource: 'Node',
    action: Action.Add,
    given: (world) => world.node({ name: 'a' }),
    pod: onDisk('ssd'),
    cure: (world) => world.node({ name: 'b', labels: { disk: 'ssd' } }),
    idle: { 'a node without the label': (world) => world.node({ name: 'b', labels: { disk: 'hdd' } }) },
  },
  {
    plugin: 'NodeAffinity',
    resource: 'Node',
    action: Action.UpdateNodeLabel,
    given: (world) => world.node({ name: 'a' }),
    pod: onDisk('ssd'),
    cure: (world) => world.node({ name: 'a', labels: { disk: 'ssd' } }),
    idle: {
      'another label': (world) => world.node({ name: 'a', labels: { disk: 'hdd' } }),
      'a heartbeat': (world) => world.node({ name: 'a' }),
    },
  },
  {
    plugin: 'NodePorts',
    resource: 'AssignedPod',
    action: Action.Delete,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'taker', ...onPort(80, { nodeName: 'a' }) });
      world.pod({ name: 'other', ...onPort(81, { nodeName: 'a' }) });
    },
    pod: onPort(80),
    cure: (world) => world.removePod('taker'),
    idle: { 'a pod with another port goes': (world) => world.removePod('other') },
  },
  {
    plugin: 'NodePorts',
    resource: 'Node',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'taker', ...onPort(80, { nodeName: 'a' }) });
    },
    pod: onPort(80),
    cure: (world) => world.node({ name: 'b' }),
  },
  {
    plugin: 'NodeResourcesFit',
    resource: 'AssignedPod',
    action: Action.Delete,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'taker', ...asking('3', { nodeName: 'a' }) });
    },
    pod: asking('2'),
    cure: (world) => world.removePod('taker'),
  },
  {
    plugin: 'NodeResourcesFit',
    resource: 'AssignedPod',
    action: Action.UpdatePodScaleDown,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'taker', requests: { cpu: '3', memory: '2Gi' }, nodeName: 'a' });
    },
    pod: asking('2'),
    cure: (world) => world.pod({ name: 'taker', requests: { cpu: '1', memory: '2Gi' }, nodeName: 'a' }),
    idle: {
      'less of what the pod does not want': (world) =>
        world.pod({ name: 'taker', requests: { cpu: '3', memory: '1Gi' }, nodeName: 'a' }),
      'more of it': (world) =>
        world.pod({ name: 'taker', requests: { cpu: '4', memory: '2Gi' }, nodeName: 'a' }),
    },
  },
  {
    plugin: 'NodeResourcesFit',
    resource: 'TargetPod',
    action: Action.UpdatePodScaleDown,
    given: (world) => world.node({ name: 'a' }),
    pod: asking('5'),
    cure: (world) => world.pod({ name: subject, ...asking('2') }),
    idle: { 'asking for more': (world) => world.pod({ name: subject, ...asking('6') }) },
  },
  {
    plugin: 'NodeResourcesFit',
    resource: 'Node',
    action: Action.Add,
    given: (world) => world.node({ name: 'a' }),
    pod: asking('5'),
    cure: (world) => world.node({ name: 'b', allocatable: { cpu: '8' } }),
    idle: { 'a node as small': (world) => world.node({ name: 'b' }) },
  },
  {
    plugin: 'NodeResourcesFit',
    resource: 'Node',
    action: Action.UpdateNodeAllocatable,
    given: (world) => world.node({ name: 'a' }),
    pod: asking('5'),
    cure: (world) => world.node({ name: 'a', allocatable: { cpu: '8' } }),
    idle: {
      'more of something else': (world) => world.node({ name: 'a', allocatable: { memory: '64Gi' } }),
      'not enough more': (world) => world.node({ name: 'a', allocatable: { cpu: '4500m' } }),
    },
  },
  {
    plugin: 'NodeDeclaredFeatures',
    resource: 'Node',
    action: Action.Add,
    given: (world) => world.node({ name: 'a' }),
    pod: { spec: { hostNetwork: true, hostUsers: false } },
    cure: (world) =>
      world.node({ name: 'b', status: { declaredFeatures: ['UserNamespacesHostNetworkSupport'] } }),
  },
  {
    plugin: 'NodeDeclaredFeatures',
    resource: 'Node',
    action: Action.UpdateNodeDeclaredFeature,
    given: (world) => world.node({ name: 'a' }),
    pod: { spec: { hostNetwork: true, hostUsers: false } },
    cure: (world) =>
      world.node({ name: 'a', status: { declaredFeatures: ['UserNamespacesHostNetworkSupport'] } }),
    idle: { 'a label': (world) => world.node({ name: 'a', labels: { a: 'b' } }) },
  },
  {
    plugin: 'NodeDeclaredFeatures',
    resource: 'TargetPod',
    action: Action.Update,
    given: (world) => world.node({ name: 'a' }),
    pod: { spec: { hostNetwork: true, hostUsers: false } },
    cure: (world) => world.pod({ name: subject, spec: { hostNetwork: true } }),
    idle: {
      'an update without effect': (world) =>
        world.pod({ name: subject, spec: { hostNetwork: true, hostUsers: false } }),
    },
  },
  {
    plugin: 'SchedulingGates',
    resource: 'TargetPod',
    action: Action.UpdatePodSchedulingGatesEliminated,
    given: (world) => world.node({ name: 'a' }),
    pod: { spec: { schedulingGates: [{ name: 'g' }, { name: 'h' }] } },
    cure: (world) => world.pod({ name: subject }),
    idle: {
      'one of two gates goes': (world) =>
        world.pod({ name: subject, spec: { schedulingGates: [{ name: 'h' }] } }),
      'a node comes': (world) => world.node({ name: 'b' }),
    },
  },
  {
    // Room was made while the gate was shut: what called for the pod does not happen again, and the gate's own event brings it back.
    plugin: 'DefaultPreemption',
    resource: 'AssignedPod',
    action: Action.Delete,
    hintDecides: false,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'victim', ...asking('3', { nodeName: 'a' }) });
      world.pod({ name: 'other', ...asking('500m', { nodeName: 'a', priority: 20 }) });
    },
    pod: asking('3', { priority: 10 }),
    besides: ['NodeResourcesFit'],
    meanwhile: (world) => world.node({ name: 'b', allocatable: { cpu: '3' } }),
    cure: (world) => {
      world.held.clear();
      world.pod({ name: 'bystander', nodeName: 'elsewhere', requests: {} });
      world.removePod('bystander');
    },
  },
  {
    plugin: 'DynamicResources',
    resource: 'TargetPod',
    action: Action.Update,
    given: (world) => world.node({ name: 'a' }),
    pod: { spec: { resourceClaims: [{ name: 'r', resourceClaimTemplateName: 't' }] } },
    cure: (world) => world.pod({ name: subject }),
    idle: { 'a node comes': (world) => world.node({ name: 'b' }) },
  },
];

import type { ObjectInput } from '../../kube/embedded/kube-object.js';

/** One node of the demo's cluster, and what is special about it. */
export interface DemoNode {
  readonly name: string;
  readonly about: string;
  readonly object: ObjectInput;
}

interface NodeTraits {
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly resources?: Readonly<Record<string, string>>;
}

/** Three nodes such as `minikube start --nodes 3` makes, each with one thing that a scheduler has to respect. */
export const demoNodes: readonly DemoNode[] = [
  demoNode('minikube', 'control plane, tainted NoSchedule', {
    labels: { 'node-role.kubernetes.io/control-plane': '' },
    taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
  }),
  demoNode('minikube-m02', 'has an SSD: disktype=ssd', {
    labels: { disktype: 'ssd', 'topology.kubernetes.io/zone': 'antarctica-east1' },
  }),
  demoNode('minikube-m03', 'has 4 dongles: example.com/dongle', {
    labels: { 'topology.kubernetes.io/zone': 'antarctica-west1' },
    resources: { 'example.com/dongle': '4' },
  }),
];

function demoNode(name: string, about: string, traits: NodeTraits): DemoNode {
  const resources = {
    cpu: '2',
    memory: '4Gi',
    'ephemeral-storage': '20Gi',
    pods: '110',
    ...traits.resources,
  };
  return {
    name,
    about,
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: {
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
          ...traits.labels,
        },
      },
      spec: traits.taints === undefined ? {} : { taints: traits.taints },
      status: {
        capacity: resources,
        allocatable: resources,
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'KubeletReady',
            message: 'kubelet is posting ready status',
          },
        ],
        nodeInfo: { kubeletVersion: 'v1.37.1', operatingSystem: 'linux', architecture: 'amd64' },
        images: [{ names: ['registry.k8s.io/nginx:1.27'], sizeBytes: 192_000_000 }],
      },
    },
  };
}

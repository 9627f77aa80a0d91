import type { ApiClient, ApiObject } from './api-client.js';

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** A node as the tests read it. */
export interface Node extends ApiObject {
  readonly spec: { readonly taints?: readonly Taint[]; readonly unschedulable?: boolean };
  readonly status: {
    readonly allocatable: Readonly<Record<string, string>>;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface KwokNode {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** Quantities that replace or add to 8 CPUs, 32 GiB and 110 pods. */
  readonly allocatable?: Readonly<Record<string, string>>;
}

/** Creates a node that exists on paper only, and that KWOK keeps Ready. */
export async function createKwokNode(api: ApiClient, node: KwokNode): Promise<Node> {
  const allocatable = {
    cpu: '8',
    memory: '32Gi',
    'ephemeral-storage': '100Gi',
    pods: '110',
    ...node.allocatable,
  };
  return api.create<Node>('/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: {
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        type: 'kwok',
        ...node.labels,
      },
    },
    spec: { taints: node.taints ?? [] },
    status: { allocatable, capacity: allocatable },
  });
}

/** True once a node is Ready and the taints of a node that is not are gone, so that ordinary pods may go there. */
export function isUsable(node: Node): boolean {
  const ready =
    node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  const notReady = node.spec.taints?.some(({ key }) => key.startsWith('node.kubernetes.io/')) ?? false;
  return ready && !notReady;
}

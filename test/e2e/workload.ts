import type { ApiClient, ApiObject } from '../controlplane/api-client.js';

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

export interface Container {
  readonly name: string;
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
  readonly ports?: readonly { readonly hostPort?: number; readonly containerPort: number }[];
}

/** A volume of a pod, as far as claims go. */
export interface PodVolume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly ephemeral?: object;
}

/** A pod as the tests read it. */
export interface Pod extends ApiObject {
  readonly metadata: ApiObject['metadata'] & { readonly deletionTimestamp?: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly volumes?: readonly PodVolume[];
    readonly schedulerName: string;
    readonly containers: readonly Container[];
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
  };
  readonly status: {
    readonly phase: string;
    readonly nominatedNodeName?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** What distinguishes one pod of a test from the next; `spec` is laid over that of a pod of Berth's with one container. */
export interface PodOrder {
  readonly name: string;
  readonly requests?: Readonly<Record<string, string>>;
  readonly hostPort?: number;
  /** Beside `app`, which is the name without its number. */
  readonly labels?: Readonly<Record<string, string>>;
  /** A pod with one of these stays, terminating, until they are taken away. */
  readonly finalizers?: readonly string[];
  readonly spec?: object;
}

export const PODS = '/api/v1/namespaces/default/pods';

export function podManifest(order: PodOrder): object {
  const { name, requests = {}, hostPort, labels = {}, finalizers = [], spec = {} } = order;
  const ports = hostPort === undefined ? {} : { ports: [{ containerPort: 80, hostPort }] };
  const container = {
    name: 'main',
    image: 'registry.k8s.io/pause:3.10',
    resources: { requests, limits: extended(requests) },
    ...ports,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name.replace(/-\d+$/, ''), ...labels }, finalizers },
    spec: { schedulerName: 'berth', terminationGracePeriodSeconds: 0, containers: [container], ...spec },
  };
}

/** Creates pods in namespace `default`, some at a time. */
export async function createPods(api: ApiClient, orders: readonly PodOrder[]): Promise<void> {
  const waiting = [...orders];
  const worker = async (): Promise<void> => {
    for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
      await api.create(PODS, podManifest(order));
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** `count` orders alike, named `<name>-0` and so on. */
export function replicas(count: number, order: PodOrder): PodOrder[] {
  return Array.from({ length: count }, (_, index) => ({ ...order, name: `${order.name}-${index}` }));
}

/** Removes every pod of namespace `default` at once, so that the next test starts with empty nodes. */
export async function deleteAllPods(api: ApiClient): Promise<void> {
  await api.delete(PODS, { gracePeriodSeconds: 0 });
}

/** Extended resources and huge pages must have a limit equal to their request. */
function extended(requests: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(requests).filter(([name]) => /\/|^hugepages-/.test(name)));
}

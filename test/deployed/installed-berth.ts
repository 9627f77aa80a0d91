import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiObject } from '../controlplane/api-client.js';
import { NAMESPACE } from '../e2e/berth-installation.js';
import { until } from '../e2e/until.js';
import type { RealCluster } from '../realcluster/real-cluster.js';

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io/component=scheduler`;
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/berth`;
export const PORT = 10259;

/** A pod of Berth's own Deployment, as far as these tests read it. */
export interface BerthPod extends ApiObject {
  readonly metadata: ApiObject['metadata'] & {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly containerID?: string;
      readonly restartCount: number;
      readonly lastState?: { readonly terminated?: { readonly reason: string } };
    }[];
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Berth as its Deployment runs it on real nodes, seen from outside. */
export class InstalledBerth {
  readonly #cluster: RealCluster;

  constructor(cluster: RealCluster) {
    this.#cluster = cluster;
  }

  /** Its pods that are not on the way out. */
  async pods(): Promise<BerthPod[]> {
    const { items } = await this.#cluster.plane.api.list<BerthPod>(PODS);
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** Waits until this many pods are there and Ready, and no others, and returns them. */
  async ready(count: number): Promise<BerthPod[]> {
    let found: BerthPod[] = [];
    await until(`${count} ready replicas of Berth`, async () => {
      found = await this.pods();
      return found.length === count && found.every(isReady);
    }).catch(async (error: Error) => {
      const events = await this.#cluster.plane.kubectl(['get', 'events', '-n', NAMESPACE]);
      throw new Error(`${error.message}; events of its namespace:\n${events}`);
    });
    return found;
  }

  /** The pod that holds the Lease; undefined while none of them does. */
  async leader(): Promise<BerthPod | undefined> {
    const lease = await this.#cluster.plane.api
      .get<{ spec: { holderIdentity?: string } }>(LEASE)
      .catch(() => undefined);
    const holder = lease?.spec.holderIdentity ?? '';
    return (await this.pods()).find(({ metadata }) => holder.startsWith(`${metadata.name}_`));
  }

  async get(pod: BerthPod, path: string, options: { readonly token?: string } = {}): Promise<Answer> {
    const { token } = options;
    const outgoing = request({
      host: pod.status.podIP,
      port: PORT,
      path,
      // Its certificate is one that it made itself, as kube-scheduler does.
      rejectUnauthorized: false,
      agent: false,
      timeout: 5_000,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of answer.setEncoding('utf8')) body += chunk;
    return { status: answer.statusCode ?? 0, body };
  }

  /** Its one process in the pod, as this machine numbers it, as soon as the pod's status names the container. */
  async process(pod: BerthPod): Promise<number> {
    let found: number | undefined;
    await until(`a process in ${pod.metadata.name}`, async () => {
      const id = containerId(await this.again(pod));
      [found] = id === '' ? [] : await this.#cluster.node(pod.spec.nodeName).processes(id);
      return found !== undefined;
    });
    return found as number;
  }

  /** The pod as it is now. */
  async again(pod: BerthPod): Promise<BerthPod> {
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${pod.metadata.name}`;
    return this.#cluster.plane.api.get<BerthPod>(path);
  }

  /** Why containers of its pods that are there ended before, as the kubelet says it: `OOMKilled`, `Error`. */
  async formerEnds(): Promise<string[]> {
    const containers = (await this.pods()).flatMap(({ status }) => status.containerStatuses ?? []);
    return containers.flatMap(({ lastState }) => lastState?.terminated?.reason ?? []);
  }

  /** The token that the kubelet keeps in the pod. */
  async token(pod: BerthPod): Promise<string> {
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    return readFile(join(`/proc/${await this.process(pod)}/root`, folder, 'token'), 'utf8');
  }

  /** Waits until the pod's container, started anew, is ready; the milliseconds since the start of its process, and those of processor time. */
  async timeToReady(pod: BerthPod): Promise<{ readonly passed: number; readonly worked: number }> {
    for (;;) {
      const answer = await this.get(pod, '/readyz').catch(() => undefined);
      if (answer?.status === 200) break;
      await sleep(10);
    }
    const now = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]) * 1_000;
    const stat = await readFile(`/proc/${await this.process(pod)}/stat`, 'utf8');
    // Fields 14, 15 and 22 of proc(5), in hundredths of a second; the second field ends with a bracket.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, started = 0] = [fields[11], fields[12], fields[19]];
    return { passed: now - started * 10, worked: (user + system) * 10 };
  }

  /** Bytes of memory that the pod is charged with, as `kubectl top` counts them. */
  async memory(pod: BerthPod): Promise<number> {
    return this.#cluster.node(pod.spec.nodeName).memory(containerId(await this.again(pod)));
  }
}

function isReady({ status }: BerthPod): boolean {
  return status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
}

/** Empty as long as there is none. */
function containerId({ status }: BerthPod): string {
  return status.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
}

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../../src/clock.js';
import { ApiClient } from '../../../../src/kube/api-client.js';
import { loadCredentials } from '../../../../src/kube/credentials.js';
import { EventRecorder } from '../../../../src/kube/event-recorder.js';
import { PodApi, type PodReference } from '../../../../src/kube/pod-api.js';
import { openFence } from '../../../../src/kube/write-fence.js';
import { Binder } from '../../../../src/scheduler/binder.js';
import { schedulerName } from '../workload.js';

/*
 * A binder that does not think: it lists the pending pods and the nodes once, binds the pods to one node after the other, and writes an
 * event for each, with the client, the concurrency and the order of writes of Berth's. What it reaches is what the API server and the
 * client allow; a scheduler can come close to that and no further.
 */

interface Named {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
}

async function bindAll(kubeconfig: string): Promise<void> {
  const credentials = loadCredentials({ kubeconfig });
  const [client, eventClient] = [
    new ApiClient(credentials, { qps: -1 }),
    new ApiClient(credentials, { qps: -1 }),
  ];
  const list = async (path: string): Promise<Named[]> =>
    (await client.request<{ items: Named[] }>({ method: 'GET', path, timeoutMs: 60_000 })).items;
  const nodes = await list('/api/v1/nodes');
  const pods = await list(
    `/api/v1/pods?fieldSelector=spec.nodeName%3D,spec.schedulerName%3D${schedulerName}`,
  );

  const binder = new Binder({
    pods: new PodApi(client),
    fence: openFence,
    clock: systemClock,
    nodeExists: () => true,
  });
  const events = new EventRecorder(eventClient, {
    hostname: 'bench',
    queueLimit: pods.length,
    mayPost: () => binder.pending === 0,
  });
  const began = performance.now();
  await Promise.all(
    pods.map(async ({ metadata: { namespace, name, uid } }, index) => {
      const pod = { namespace, name, uid };
      const node = nodes[index % nodes.length]!.metadata.name;
      const result = await binder.bind(pod, node);
      if (result.kind !== 'bound') throw new Error(`${name} is not bound: ${JSON.stringify(result)}`);
      events.record(scheduledEvent(pod, node));
    }),
  );
  const boundAt = performance.now();
  await events.flush();
  const { posted, failed, dropped } = events.stats;
  const times = { bindMs: boundAt - began, allMs: performance.now() - began };
  process.stdout.write(`${JSON.stringify({ pods: pods.length, ...times, posted, failed, dropped })}\n`);
}

function scheduledEvent(pod: PodReference, node: string) {
  return {
    type: 'Normal',
    reason: 'Scheduled',
    isRoutine: true,
    action: 'Binding',
    note: `Successfully assigned ${pod.namespace}/${pod.name} to ${node}`,
    regarding: { apiVersion: 'v1', kind: 'Pod', ...pod },
    reportingController: schedulerName,
  } as const;
}

const { values } = parseArgs({ options: { kubeconfig: { type: 'string' } } });
if (values.kubeconfig === undefined) throw new Error('--kubeconfig is missing');
await bindAll(values.kubeconfig);
// Stays until it is ended: what it took of the machine is read from the process.
await sleep(600_000);

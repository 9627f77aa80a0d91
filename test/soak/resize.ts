import type { ApiClient } from '../controlplane/api-client.js';
import { PODS, type Pod } from '../e2e/workload.js';

type Requests = Readonly<Record<string, string>>;

/**
 * Resizes a running pod in place, as its owner and its kubelet do one after the other. The API server lets a pod be resized only if its
 * kubelet has said what the containers have, which KWOK does not.
 */
export async function resizePod(api: ApiClient, pod: Pod, requests: Requests): Promise<void> {
  const path = `${PODS}/${pod.metadata.name}`;
  const [container] = pod.spec.containers;
  if (!hasResources(pod)) await reportResources(api, pod, container?.resources?.requests ?? {});
  const resources = { ...container?.resources, requests };
  await api.patch(`${path}/resize`, { spec: { containers: [{ ...container, resources }] } });
  await reportResources(api, pod, requests);
}

function containerStatuses({ status }: Pod): readonly { readonly resources?: object }[] {
  return (status as { containerStatuses?: readonly object[] }).containerStatuses ?? [];
}

function hasResources(pod: Pod): boolean {
  return containerStatuses(pod).every(({ resources }) => resources !== undefined);
}

async function reportResources(api: ApiClient, pod: Pod, requests: Requests): Promise<void> {
  const reported = containerStatuses(pod).map((status) => ({
    ...status,
    allocatedResources: requests,
    resources: { requests },
  }));
  await api.patch(`${PODS}/${pod.metadata.name}/status`, { status: { containerStatuses: reported } });
}

import type { ApiClient } from '../controlplane/api-client.js';
import { LEFT_TO_KUBELET } from './strict-kubelet.js';

export const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

/** A Deployment whose pods one of two schedulers places. */
export interface SharedDeployment {
  readonly name: string;
  readonly schedulerName: string;
  readonly replicas: number;
  readonly requests: { readonly cpu: string; readonly memory: string };
}

export async function createDeployment(api: ApiClient, deployment: SharedDeployment): Promise<void> {
  const { name, schedulerName, replicas, requests } = deployment;
  await api.create(DEPLOYMENTS, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: LEFT_TO_KUBELET },
        spec: {
          schedulerName,
          containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10', resources: { requests } }],
        },
      },
    },
  });
}

/** Makes Deployments larger or smaller, all at the same time. */
export async function scale(
  api: ApiClient,
  deployments: readonly SharedDeployment[],
  share: number,
): Promise<void> {
  await Promise.all(
    deployments.map(({ name, replicas }) =>
      api.patch(`${DEPLOYMENTS}/${name}`, { spec: { replicas: Math.round(replicas * share) } }),
    ),
  );
}

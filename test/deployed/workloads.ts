import type { ControlPlane } from '../controlplane/control-plane.js';
import { apply } from '../e2e/berth-installation.js';
import { PODS, type Pod } from '../e2e/workload.js';
import { PAUSE_IMAGE } from '../realcluster/pause-image.js';

export interface DeploymentOrder {
  readonly name: string;
  readonly replicas: number;
  /** The cluster's default scheduler when left out. */
  readonly schedulerName?: string;
}

/** A Deployment of pods that do nothing; returns the names of its pods once all of them run. */
export async function runningDeployment(plane: ControlPlane, order: DeploymentOrder): Promise<string[]> {
  const { name, replicas, schedulerName } = order;
  const labels = { app: name };
  const container = {
    name: 'main',
    image: PAUSE_IMAGE,
    imagePullPolicy: 'Never',
    resources: { requests: { cpu: '10m', memory: '16Mi' } },
  };
  await apply(plane, [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: 'default' },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            ...(schedulerName === undefined ? {} : { schedulerName }),
            automountServiceAccountToken: false,
            containers: [container],
          },
        },
      },
    },
  ]);
  await plane.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
  const { items } = await plane.api.list<Pod>(`${PODS}?labelSelector=app=${name}`);
  return items.filter(({ status }) => status.phase === 'Running').map(({ metadata }) => metadata.name);
}

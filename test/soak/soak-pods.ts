import { podManifest } from '../e2e/workload.js';
import type { Draw } from './draw.js';

export const zones = ['a', 'b', 'c'] as const;
/** More than any node has. */
export const impossibleCpu = '64';
/** Of the pods beside those of Deployments. */
const impossibleShare = 0.1;

/** A pod beside those of Deployments; some wait for what no node has. */
export function soakPod(name: string, draw: Draw): object {
  const isImpossible = draw.next() < impossibleShare;
  const requests = isImpossible ? { cpu: impossibleCpu } : { cpu: someCpu(draw), memory: '128Mi' };
  return podManifest({
    name,
    requests,
    labels: { tier: someTier(draw), kind: 'churn' },
    spec: someWishes(draw),
  });
}

export function someCpu(draw: Draw): string {
  return `${100 + 50 * draw.below(8)}m`;
}

export function someTier(draw: Draw): string {
  return `tier-${draw.below(6)}`;
}

/** Something for every large plugin to think about. */
function someWishes(draw: Draw): object {
  const selector = { matchLabels: { tier: someTier(draw) } };
  const notTwo = { labelSelector: { matchLabels: { tier: 'tier-0', kind: 'churn' } }, topologyKey: hostname };
  const together = { weight: 10, podAffinityTerm: { labelSelector: selector, topologyKey: 'zone' } };
  const spread = { maxSkew: 2, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' };
  const wishes: readonly object[] = [
    {},
    { nodeSelector: { zone: draw.one(zones) } },
    { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [notTwo] } } },
    { topologySpreadConstraints: [{ ...spread, labelSelector: selector }] },
    { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [together] } } },
  ];
  return draw.one(wishes) ?? {};
}

const hostname = 'kubernetes.io/hostname';

export function soakDeployment(name: string, replicas: number): object {
  const pod = podManifest({ name, requests: { cpu: '200m', memory: '128Mi' }, labels: { app: name } });
  const { metadata, spec } = pod as { metadata: { labels: object }; spec: object };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: metadata.labels }, spec },
    },
  };
}

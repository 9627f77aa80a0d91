import type { Labels } from './pod.js';

/** Region and zone of a node; the beta names win, as in kube-scheduler's node tree. Empty when the node has neither. */
export function zoneKey(labels: Labels): string {
  const zone =
    labels['failure-domain.beta.kubernetes.io/zone'] ?? labels['topology.kubernetes.io/zone'] ?? '';
  const region =
    labels['failure-domain.beta.kubernetes.io/region'] ?? labels['topology.kubernetes.io/region'] ?? '';
  return zone === '' && region === '' ? '' : `${region}:\u0000:${zone}`;
}

/** Round robin over zones in first-seen order: the first node of each zone, then the second of each, and so on. */
export function roundRobin(zones: Iterable<readonly number[]>): Int32Array {
  const lists = [...zones];
  const total = lists.reduce((sum, list) => sum + list.length, 0);
  const order = new Int32Array(total);
  let length = 0;
  for (let round = 0; length < total; round++) {
    for (const list of lists) {
      if (round < list.length) order[length++] = list[round]!;
    }
  }
  return order;
}

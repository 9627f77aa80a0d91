import { type JsonRecord, recordAt, recordsAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';

export function isPodReady(pod: KubeObject): boolean {
  return recordsAt(pod.status, 'conditions').some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
}

/** The pod's status with a condition put in the place of the one of its type. */
export function statusWithCondition(pod: KubeObject, condition: JsonRecord): JsonRecord {
  const status = recordAt(pod, 'status');
  const others = recordsAt(status, 'conditions').filter(({ type }) => type !== condition.type);
  return { ...status, conditions: [...others, condition] };
}

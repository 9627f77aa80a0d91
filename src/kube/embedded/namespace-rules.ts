import { ensureRecord } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type FieldProblem, invalidValue } from './status-error.js';

/** A namespace always carries its name as a label, and keeps the finalizer it was made with. */
export function defaultNamespace(namespace: KubeObject): void {
  namespace.metadata.labels = {
    ...namespace.metadata.labels,
    'kubernetes.io/metadata.name': namespace.metadata.name,
  };
  ensureRecord(namespace, 'spec').finalizers = ['kubernetes'];
}

/** Its name becomes a part of host names. */
export function namespaceProblems({ metadata: { name } }: KubeObject): FieldProblem[] {
  return name.includes('.') ? [invalidValue('metadata.name', name, 'must not contain dots')] : [];
}

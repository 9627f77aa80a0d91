import type { JsonRecord } from './json-value.js';
import type { KubeObject } from './kube-object.js';

/** The status an object begins with, unless it was set up with one. */
export const startWith =
  (status: JsonRecord) =>
  (object: KubeObject): void => {
    object.status ??= structuredClone(status);
  };

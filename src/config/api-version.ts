import { convertBeta, type FieldWarning } from './convert-beta.js';
import type { YamlSource } from './yaml-source.js';

/** What a file says it is: the version we read, an older one that was converted, or neither. */
export type VersionOutcome =
  | { readonly ok: true; readonly warnings: readonly FieldWarning[] }
  | { readonly ok: false; readonly problem: string; readonly field: 'apiVersion' | 'kind' | undefined };

const group = 'kubescheduler.config.k8s.io';
export const currentVersion = `${group}/v1`;
export const expectedKind = 'KubeSchedulerConfiguration';
const removedVersions = ['v1beta1', 'v1beta2', 'v1beta3'] as const;
export type BetaVersion = (typeof removedVersions)[number];

/**
 * Accepts v1, and the beta versions that kube-scheduler has removed but many guides still show: those are brought to v1
 * in the document itself; what v1 does not know is refused later like any other unknown field.
 * @param data the data of the document as it came
 */
export function acceptVersion(source: YamlSource, data: unknown): VersionOutcome {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return { ok: false, problem: 'the file does not hold a mapping of fields', field: undefined };
  }
  const { apiVersion, kind } = data as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (kind !== expectedKind) {
    return { ok: false, problem: mismatch('kind', kind, expectedKind), field: 'kind' };
  }
  if (apiVersion === currentVersion) {
    return { ok: true, warnings: [] };
  }
  const beta = removedVersions.find((version) => apiVersion === `${group}/${version}`);
  if (beta === undefined) {
    return { ok: false, problem: mismatch('apiVersion', apiVersion, currentVersion), field: 'apiVersion' };
  }
  return { ok: true, warnings: convertBeta(source, beta) };
}

function mismatch(field: string, found: unknown, expected: string): string {
  if (found === undefined || found === null) {
    return `${field} is missing, expected ${JSON.stringify(expected)}`;
  }
  return `${field} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
}

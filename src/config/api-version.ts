import { convertBeta, type FieldWarning } from './convert-beta.js';
import type { YamlSource } from './yaml-source.js';

/** What a file says it is: the version we read, an older one that was converted, or neither. */
export type VersionOutcome =
  | { readonly ok: true; readonly warnings: readonly FieldWarning[] }
  | {
      readonly ok: false;
      readonly problem: string;
      readonly field: 'apiVersion' | 'kind' | undefined;
      /** For what is known, but not what is wanted. */
      readonly suggestion?: string;
    };

const group = 'kubescheduler.config.k8s.io';
export const currentVersion = `${group}/v1`;
export const expectedKind = 'KubeSchedulerConfiguration';
const removedVersions = ['v1beta1', 'v1beta2', 'v1beta3'] as const;
export type BetaVersion = (typeof removedVersions)[number];

export const adviceOnConfigMaps =
  'the configuration is a text under data of the ConfigMap: give that text alone';

const adviceOnAlpha =
  'write it anew as kubescheduler.config.k8s.io/v1: alpha versions are not converted, because they had other fields';

/** Files that people take for the configuration of a scheduler. */
const adviceOnKinds: Readonly<Record<string, string | undefined>> = {
  ConfigMap: adviceOnConfigMaps,
  Policy:
    'policies were removed from Kubernetes: their predicates are filter plugins, their priorities score plugins with weights, and extenders are a field of KubeSchedulerConfiguration',
};

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
    const suggestion = kind === undefined ? undefined : adviceOnKinds[String(kind)];
    const problem = mismatch('kind', kind, expectedKind);
    return { ok: false, problem, field: 'kind', ...(suggestion !== undefined && { suggestion }) };
  }
  if (apiVersion === currentVersion) {
    return { ok: true, warnings: [] };
  }
  const beta = removedVersions.find((version) => apiVersion === `${group}/${version}`);
  if (beta === undefined) {
    const problem = mismatch('apiVersion', apiVersion, currentVersion);
    const isOlder = typeof apiVersion === 'string' && /\/v1alpha[12]$/.test(apiVersion);
    return { ok: false, problem, field: 'apiVersion', ...(isOlder && { suggestion: adviceOnAlpha }) };
  }
  return { ok: true, warnings: convertBeta(source, beta) };
}

function mismatch(field: string, found: unknown, expected: string): string {
  if (found === undefined || found === null) {
    return `${field} is missing, expected ${JSON.stringify(expected)}`;
  }
  return `${field} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
}

/** What a file says it is: the version we read, an older one that was converted, or neither. */
export type VersionOutcome =
  | { readonly ok: true; readonly data: unknown; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problem: string; readonly field: 'apiVersion' | 'kind' | undefined };

const group = 'kubescheduler.config.k8s.io';
const current = `${group}/v1`;
const removedVersions: ReadonlySet<string> = new Set(
  ['v1beta1', 'v1beta2', 'v1beta3'].map((version) => `${group}/${version}`),
);
const expectedKind = 'KubeSchedulerConfiguration';

/** Fields of v1beta1 and v1beta2 that v1 does not have because flags took their place. */
const droppedFields: Readonly<Record<string, string>> = {
  healthzBindAddress: 'use --bind-address and --port',
  metricsBindAddress: 'use --bind-address and --port',
};

/**
 * Accepts v1, and the beta versions that kube-scheduler has removed but many guides still show: what they share with
 * v1 means the same there; a field that v1 does not know is refused later like any other unknown field.
 */
export function acceptVersion(data: unknown): VersionOutcome {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return { ok: false, problem: 'the file does not hold a mapping of fields', field: undefined };
  }
  const { apiVersion, kind } = data as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (kind !== expectedKind) {
    return { ok: false, problem: mismatch('kind', kind, expectedKind), field: 'kind' };
  }
  if (apiVersion === current) {
    return { ok: true, data, warnings: [] };
  }
  if (typeof apiVersion !== 'string' || !removedVersions.has(apiVersion)) {
    return { ok: false, problem: mismatch('apiVersion', apiVersion, current), field: 'apiVersion' };
  }
  const warnings = [`apiVersion ${apiVersion} was removed from Kubernetes; the file is read as ${current}`];
  const kept = Object.entries(data).filter(([field]) => {
    const instead = droppedFields[field];
    if (instead !== undefined) {
      warnings.push(`${field} is no longer a field of this file and is ignored: ${instead}`);
    }
    return instead === undefined;
  });
  return { ok: true, data: { ...Object.fromEntries(kept), apiVersion: current }, warnings };
}

function mismatch(field: string, found: unknown, expected: string): string {
  return found === undefined || found === null
    ? `${field} is missing, expected ${JSON.stringify(expected)}`
    : `${field} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
}

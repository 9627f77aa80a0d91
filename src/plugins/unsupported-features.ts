import { Action } from '../cluster/action.js';
import type { PodSpec } from '../cluster/pod.js';
import type { PreFilterPlugin } from '../framework/plugin.js';
import { unresolvable } from '../framework/status.js';

export const unsupportedFeatures = 'UnsupportedFeatures';

interface Need {
  /** Plugins of kube-scheduler that honour the field; one that is missing is enough to refuse. */
  readonly plugins: readonly string[];
  /** The field that needs them, as a user would look for it; undefined when the pod does not use it. */
  field(spec: PodSpec): string | undefined;
}

const needs: readonly Need[] = [
  {
    plugins: ['PodTopologySpread'],
    field: ({ topologySpreadConstraints }) =>
      topologySpreadConstraints.some(({ whenUnsatisfiable }) => whenUnsatisfiable !== 'ScheduleAnyway')
        ? 'spec.topologySpreadConstraints (DoNotSchedule)'
        : undefined,
  },
  {
    plugins: ['InterPodAffinity'],
    field: ({ affinity }) => requiredTerms(affinity?.podAffinity, 'podAffinity'),
  },
  {
    plugins: ['InterPodAffinity'],
    field: ({ affinity }) => requiredTerms(affinity?.podAntiAffinity, 'podAntiAffinity'),
  },
  {
    plugins: ['VolumeRestrictions', 'NodeVolumeLimits', 'VolumeBinding', 'VolumeZone'],
    field: ({ volumes }) => {
      const source = volumes.flatMap(sourcesOf)[0];
      return source === undefined ? undefined : `spec.volumes[].${source}`;
    },
  },
  {
    plugins: ['DynamicResources'],
    field: ({ hasResourceClaims }) => (hasResourceClaims ? 'spec.resourceClaims' : undefined),
  },
];

/** Parts of a volume that say what it is called, not what it is. */
const labelsOfVolume: ReadonlySet<string> = new Set(['name']);

/**
 * Refuses a pod that can only be placed rightly by plugins that the profile asks for and that are `missing`: refused loudly is
 * better than placed wrongly. It is made for profiles that miss something and is not named in any configuration.
 */
export function createUnsupportedFeatures(missing: readonly string[]): PreFilterPlugin {
  const open = needs.filter(({ plugins }) => plugins.some((plugin) => missing.includes(plugin)));
  return {
    name: unsupportedFeatures,
    events: [{ resource: 'TargetPod', action: Action.Update }],
    preFilter(_cycle, { spec }) {
      for (const need of open) {
        const field = need.field(spec);
        if (field === undefined) continue;
        return { kind: 'rejected', status: unresolvable(`berth does not yet schedule pods with ${field}`) };
      }
      return { kind: 'skip' };
    },
  };
}

function requiredTerms(
  affinity:
    | { readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly unknown[] | undefined }
    | undefined,
  field: string,
): string | undefined {
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (terms === undefined || terms === null || terms.length === 0) return undefined;
  return `spec.affinity.${field}.requiredDuringSchedulingIgnoredDuringExecution`;
}

function sourcesOf(volume: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(volume).filter((key) => !labelsOfVolume.has(key) && volume[key] != null);
}

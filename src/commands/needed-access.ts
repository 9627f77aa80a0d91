import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import type { NeededAccess } from '../kube/access-review.js';
import { authenticationConfigMap } from '../kube/client-ca.js';

const events = 'events.k8s.io';
const leases = 'coordination.k8s.io';

/** What plugins write, by plugin: a profile without the plugin does not need the right. */
const writes: ReadonlyMap<string, readonly NeededAccess[]> = new Map([
  [
    'DefaultPreemption',
    [
      { verb: 'delete', group: '', resource: 'pods' },
      { verb: 'patch', group: '', resource: 'pods', subresource: 'status' },
    ],
  ],
  [
    'VolumeBinding',
    [
      { verb: 'patch', group: '', resource: 'persistentvolumes' },
      { verb: 'patch', group: '', resource: 'persistentvolumeclaims' },
    ],
  ],
]);

/** What a configuration makes of the program, as far as rights go. */
export interface EnabledParts {
  readonly configuration: Pick<EffectiveConfiguration, 'leaderElection'>;
  /** Kinds that are watched beside pods and nodes. */
  readonly watchedKinds: readonly { readonly group: string; readonly resource: string }[];
  /** Names of the plugins that some profile enables. */
  readonly enabledPlugins: ReadonlySet<string>;
}

/** What `berth run` has to be allowed to do, each once; the RBAC in manifests/base grants exactly this. */
export function neededAccess({ configuration, watchedKinds, enabledPlugins }: EnabledParts): NeededAccess[] {
  const { leaderElect, resourceNamespace: namespace, resourceName: name } = configuration.leaderElection;
  return once([
    { verb: 'get', group: '', resource: 'pods' },
    ...watching({ group: '', resource: 'pods' }),
    ...watching({ group: '', resource: 'nodes' }),
    ...watchedKinds.flatMap(watching),
    { verb: 'create', group: '', resource: 'pods', subresource: 'binding' },
    { verb: 'patch', group: '', resource: 'pods', subresource: 'status' },
    ...[...enabledPlugins].flatMap((plugin) => writes.get(plugin) ?? []),
    { verb: 'create', group: events, resource: 'events' },
    { verb: 'patch', group: events, resource: 'events' },
    ...(leaderElect
      ? [
          { verb: 'create', group: leases, resource: 'leases', namespace },
          { verb: 'get', group: leases, resource: 'leases', namespace, name },
          { verb: 'update', group: leases, resource: 'leases', namespace, name },
        ]
      : []),
  ]);
}

/**
 * What the secure port needs to find out who calls and what he may see. Nothing ends without: client certificates, tokens, or
 * both are then not accepted.
 */
export const servingAccess: readonly NeededAccess[] = [
  { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' },
  { verb: 'create', group: 'authorization.k8s.io', resource: 'subjectaccessreviews' },
  { verb: 'get', group: '', resource: 'configmaps', ...authenticationConfigMap },
];

function watching({ group, resource }: EnabledParts['watchedKinds'][number]): NeededAccess[] {
  return [
    { verb: 'list', group, resource },
    { verb: 'watch', group, resource },
  ];
}

/** Every question costs a request: what two parts need is asked once. */
function once(needed: readonly NeededAccess[]): NeededAccess[] {
  return [...new Map(needed.map((access) => [JSON.stringify(access), access])).values()];
}

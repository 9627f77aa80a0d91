import type { LeaderElectionConfiguration } from '../config/scheduler-configuration.js';
import type { NeededAccess } from '../kube/access-review.js';

const events = 'events.k8s.io';
const leases = 'coordination.k8s.io';

/** What `berth run` has to be allowed to do; the RBAC in manifests/base grants exactly this. */
export function neededAccess(election: LeaderElectionConfiguration): NeededAccess[] {
  const { leaderElect, resourceNamespace: namespace, resourceName: name } = election;
  return [
    { verb: 'list', group: '', resource: 'pods' },
    { verb: 'watch', group: '', resource: 'pods' },
    { verb: 'get', group: '', resource: 'pods' },
    { verb: 'list', group: '', resource: 'nodes' },
    { verb: 'watch', group: '', resource: 'nodes' },
    { verb: 'create', group: '', resource: 'pods', subresource: 'binding' },
    { verb: 'patch', group: '', resource: 'pods', subresource: 'status' },
    { verb: 'create', group: events, resource: 'events' },
    { verb: 'patch', group: events, resource: 'events' },
    ...(leaderElect
      ? [
          { verb: 'create', group: leases, resource: 'leases', namespace },
          { verb: 'get', group: leases, resource: 'leases', namespace, name },
          { verb: 'update', group: leases, resource: 'leases', namespace, name },
        ]
      : []),
  ];
}

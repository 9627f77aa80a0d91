import type { ControlPlane } from '../controlplane/control-plane.js';
import { requestsOf } from './audit.js';
import type { Account } from './berth-installation.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly roleRef: { readonly kind: 'Role' | 'ClusterRole'; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
}

/** One thing that a ServiceAccount may do: a verb on a resource, in one namespace or in all, on one object or on any. */
interface Right {
  readonly role: string;
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `pods/binding`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/**
 * Rights that the roles of this cluster give to a ServiceAccount and that no request of it has needed since the API server began its audit log,
 * whatever the answer was. The audit policy has to record what the account asks for.
 */
export async function unusedRights(plane: ControlPlane, account: Account): Promise<string[]> {
  const requests = await requestsOf(plane, account);
  const used = (right: Right) =>
    requests.some(({ verb, objectRef }) => {
      if (objectRef === undefined) return false;
      const { apiGroup = '', resource, subresource, namespace, name } = objectRef;
      return (
        verb === right.verb &&
        apiGroup === right.group &&
        [resource, subresource].filter(Boolean).join('/') === right.resource &&
        (right.namespace === undefined || namespace === right.namespace) &&
        (right.name === undefined || name === right.name)
      );
    });
  return (await grantedRights(plane, account))
    .filter((right) => !used(right))
    .map(({ role, verb, group, resource }) => `${role}: ${verb} ${group}/${resource}`);
}

/** Those over resources: what else is allowed is asked of others than the API server. */
export async function grantedRights({ api }: ControlPlane, account: Account): Promise<Right[]> {
  const { items: everywhere } = await api.list<Binding>(`${RBAC}/clusterrolebindings`);
  const { items: somewhere } = await api.list<Binding>(`${RBAC}/rolebindings`);
  const own = [...everywhere, ...somewhere].filter(({ subjects }) =>
    subjects?.some(
      ({ kind, name, namespace }) =>
        kind === 'ServiceAccount' && name === account.name && namespace === account.namespace,
    ),
  );
  const rights = await Promise.all(
    own.map(async ({ metadata, roleRef }) => {
      const { namespace } = metadata;
      const folder = roleRef.kind === 'Role' ? `namespaces/${namespace}/roles` : 'clusterroles';
      const { rules } = await api.get<{ rules: readonly Rule[] }>(`${RBAC}/${folder}/${roleRef.name}`);
      return rules.flatMap((rule) => rightsOf(rule, roleRef.name, namespace));
    }),
  );
  return rights.flat();
}

function rightsOf(rule: Rule, role: string, namespace: string | undefined): Right[] {
  const { apiGroups = [], resources = [], resourceNames = [undefined], verbs } = rule;
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        resourceNames.map((name) => ({ role, verb, group, resource, namespace, name })),
      ),
    ),
  );
}

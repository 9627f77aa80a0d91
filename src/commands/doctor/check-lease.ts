import { ApiError } from '../../kube/api-error.js';
import { type Lease, leaseHolder } from '../../kube/lease.js';
import type { Examination } from './examination.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** The Lease that decides which replica schedules: where it is, whose it is, and whether somebody holds it. */
export async function checkLease(examination: Examination): Promise<Finding[]> {
  const { configuration, transport, signal } = examination;
  const { leaderElect, resourceNamespace: namespace, resourceName: name } = configuration.leaderElection;
  if (!leaderElect) return [ok('lease', 'none: the configuration says leaderElect: false')];
  const lease = await transport
    .request<Lease>({
      method: 'GET',
      path: `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`,
      signal,
    })
    .catch(undefinedWhenMissing);
  if (lease === undefined)
    return [ok('lease', `${namespace}/${name} is not there yet; the first replica makes it`)];
  return [leaseFinding(lease, examination)];
}

function leaseFinding(lease: Lease, { now }: Examination): Finding {
  const { name, namespace } = lease.metadata;
  const place = `${namespace}/${name}`;
  const holder = leaseHolder(lease);
  if (holder === '') return ok('lease', `${place} is free`);
  const renewedAt = Date.parse(lease.spec?.renewTime ?? '');
  const ageS = Math.max(0, Math.round((now() - renewedAt) / 1_000));
  const show = `kubectl -n ${namespace} get lease ${name} -o yaml`;
  if (ageS > (lease.spec?.leaseDurationSeconds ?? 15))
    return warn(
      'lease',
      `${place} was last renewed ${ageS} s ago by ${holder}: nobody schedules`,
      `kubectl -n ${namespace} rollout status deployment/berth`,
    );
  const writer = writerOf(lease);
  if (writer !== undefined && !writer.startsWith('berth'))
    return fail(
      'lease',
      `${place} is held by another program: ${holder}, which writes as ${writer}`,
      `berth run --lease-name with a name that is not taken; ${show}`,
    );
  return ok('lease', `${place} is held by ${holder}, renewed ${ageS} s ago`);
}

/** The program that wrote the Lease last, as the API server noted it from the User-Agent. */
function writerOf({ metadata }: Lease): string | undefined {
  const fields = metadata.managedFields;
  const entries = Array.isArray(fields) ? (fields as readonly { manager?: unknown; time?: unknown }[]) : [];
  const [newest] = [...entries].sort((a, b) => (String(a.time) < String(b.time) ? 1 : -1));
  return typeof newest?.manager === 'string' ? newest.manager : undefined;
}

function undefinedWhenMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.failure === 'status' && error.code === 404) return undefined;
  throw error;
}

/** The namespace of the Lease has to be there: nobody else makes it. */
export async function checkNamespace({ configuration, transport, signal }: Examination): Promise<Finding[]> {
  const { leaderElect, resourceNamespace: name } = configuration.leaderElection;
  if (!leaderElect) return [];
  // A list, because Berth has no right to get a single one.
  const { items } = await transport.request<{
    items: readonly { metadata: { deletionTimestamp?: string } }[];
  }>({
    method: 'GET',
    path: '/api/v1/namespaces',
    query: { fieldSelector: `metadata.name=${name}` },
    signal,
  });
  const [namespace] = items;
  if (namespace === undefined)
    return [
      fail(
        'namespace',
        `${name} does not exist, and the lease is to be in it`,
        `kubectl create namespace ${name}`,
      ),
    ];
  if (namespace.metadata.deletionTimestamp !== undefined)
    return [
      fail(
        'namespace',
        `${name} is being deleted`,
        `kubectl get namespace ${name} -o yaml (status tells what keeps it)`,
      ),
    ];
  return [ok('namespace', name)];
}

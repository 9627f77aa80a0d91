import { describeAccess, missingAccess, type NeededAccess } from '../../kube/access-review.js';
import { neededAccess, servingAccess } from '../needed-access.js';
import type { Examination } from './examination.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** Every right that scheduling needs, verb by verb: one finding for each resource. */
export async function checkRights(examination: Examination): Promise<Finding[]> {
  const { transport, parts, subject, signal } = examination;
  const needed = neededAccess(parts);
  const missing = new Set(await missingAccess(transport, needed, { ...(subject && { subject }), signal }));
  const resources = [...new Set(needed.map(resourceOf))];
  return resources.map((resource) => {
    const rights = needed.filter((access) => resourceOf(access) === resource);
    const check = `right ${resource}`;
    const lacking = rights.filter((right) => missing.has(right)).map(({ verb }) => verb);
    if (lacking.length === 0) return ok(check, rights.map(({ verb }) => verb).join(', '));
    return fail(
      check,
      `missing: ${lacking.join(', ')}`,
      'kubectl apply -k manifests/base (or the overlay in use)',
    );
  });
}

/** What the secure port needs; it only refuses callers without. */
export async function checkServingRights({ transport, subject, signal }: Examination): Promise<Finding[]> {
  const missing = new Set(
    await missingAccess(transport, servingAccess, { ...(subject && { subject }), signal }),
  );
  const account = accountOf(subject?.user);
  return servingAccess.map((access) => {
    const check = `right ${resourceOf(access)}`;
    if (!missing.has(access)) return ok(check, access.verb);
    const [consequence, command] =
      access.resource === 'configmaps'
        ? [
            'client certificates are not accepted on the secure port',
            `kubectl -n kube-system create rolebinding ${account.prefix}-authentication-reader --role=extension-apiserver-authentication-reader ${account.flag}`,
          ]
        : [
            'scrapes of the secure port are refused',
            `kubectl create clusterrolebinding ${account.prefix}-auth-delegator --clusterrole=system:auth-delegator ${account.flag}`,
          ];
    return warn(check, `missing: ${access.verb}; ${consequence}`, command);
  });
}

function resourceOf(access: NeededAccess): string {
  return describeAccess(access).slice(access.verb.length + 1);
}

/** How kubectl is told about whom, and how a binding of theirs may be called: not like one that the manifests make for another account. */
function accountOf(user = 'system:serviceaccount:berth-system:berth'): {
  readonly flag: string;
  readonly prefix: string;
} {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return name === undefined
    ? { flag: `--user=${user}`, prefix: user.replaceAll(':', '-') }
    : { flag: `--serviceaccount=${namespace}:${name}`, prefix: `${namespace}-${name}` };
}

import type { Loose, Manifest, OracleCase } from './case.js';

/** Says whether a case still shows what the larger one showed. */
export type Shows = (candidate: OracleCase) => Promise<boolean>;

/** Parts of an object that it can do without. */
const optional: readonly string[] = [
  'spec.affinity.nodeAffinity',
  'spec.affinity.podAffinity',
  'spec.affinity.podAntiAffinity',
  'spec.affinity',
  'spec.topologySpreadConstraints',
  'spec.tolerations',
  'spec.taints',
  'spec.nodeSelector',
  'spec.volumes',
  'spec.initContainers',
  'spec.overhead',
  'spec.resources',
  'spec.preemptionPolicy',
  'spec.enableServiceLinks',
  'spec.dnsPolicy',
  'spec.securityContext',
  'spec.serviceAccount',
  'spec.serviceAccountName',
  'status.images',
  'status.declaredFeatures',
  'status.capacity',
  'status.nodeInfo',
  'status.daemonEndpoints',
  'status.conditions',
  'status.containerStatuses',
  'status.initContainerStatuses',
  'metadata.ownerReferences',
  'metadata.labels',
  'metadata.annotations',
  'metadata.generation',
];

/** Lists of which single elements may go. */
const lists: readonly string[] = [
  'spec.volumes',
  'spec.containers',
  'spec.initContainers',
  'spec.tolerations',
  'spec.taints',
  'spec.topologySpreadConstraints',
];

/** Takes away pending pods, objects and their parts for as long as the case shows the same. */
export async function shrink(large: OracleCase, shows: Shows): Promise<OracleCase> {
  let small = large;
  const attempt = async (candidate: OracleCase): Promise<boolean> => {
    if (!(await shows(candidate))) return false;
    small = candidate;
    return true;
  };
  for (const pod of large.pending) if (await attempt({ ...small, pending: [pod] })) break;
  await thin(small.objects, (objects) => attempt({ ...small, objects }));
  if (small.config !== undefined) {
    const { config, ...without } = small;
    await attempt(without);
  }
  for (const where of ['pending', 'objects'] as const) {
    for (let index = 0; index < small[where].length; index += 1) {
      const replace = (object: Manifest): Promise<boolean> =>
        attempt({ ...small, [where]: small[where].with(index, object) });
      await strip(() => small[where][index]!, replace);
    }
  }
  return small;
}

/** Leaves out halves, quarters and so on, down to single elements. */
async function thin<T>(list: readonly T[], attempt: (rest: T[]) => Promise<boolean>): Promise<void> {
  let left = [...list];
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < left.length; ) {
      const rest = [...left.slice(0, from), ...left.slice(from + size)];
      if (await attempt(rest)) left = rest;
      else from += size;
    }
  }
}

async function strip(
  current: () => Manifest,
  replace: (object: Manifest) => Promise<boolean>,
): Promise<void> {
  for (const path of optional) {
    if (at(current(), path) !== undefined) await replace(changed(current(), path, () => undefined));
  }
  for (const path of lists) {
    for (let index = 0; index < (at(current(), path)?.length ?? 0); ) {
      const shorter = changed(current(), path, (list) => list.toSpliced(index, 1));
      if (at(shorter, path).length === 0 || !(await replace(shorter))) index += 1;
    }
  }
}

function at(object: Loose, path: string): Loose {
  return path.split('.').reduce((part, name) => part?.[name], object);
}

function changed(object: Loose, path: string, change: (part: Loose) => Loose): Loose {
  const [name = '', ...rest] = path.split('.');
  const { [name]: part, ...others } = object;
  const replaced = rest.length === 0 ? change(part) : changed(part, rest.join('.'), change);
  return replaced === undefined ? others : { ...others, [name]: replaced };
}

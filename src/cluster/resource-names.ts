/**
 * Classes of resource names, which decide what is counted. Definitions of pkg/apis/core/v1/helper and
 * pkg/scheduler/util of Kubernetes.
 */

export const cpu = 'cpu';
export const memory = 'memory';
export const ephemeralStorage = 'ephemeral-storage';
export const pods = 'pods';

interface NameClass {
  readonly native: boolean;
  readonly extended: boolean;
  readonly scalar: boolean;
}

const hugePagesPrefix = 'hugepages-';
const attachablePrefix = 'attachable-volumes-';
const nativeDomain = 'kubernetes.io/';
const quotaPrefix = 'requests.';
const deviceClassPrefix = 'deviceclass.resource.kubernetes.io/';
const longestPrefix = 253;
const longestName = 63;
const qualifiedName = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** A cluster has tens of names; the bound is there for hostile ones. */
const cacheLimit = 4096;
const classes = new Map<string, NameClass>();

/** Kubernetes' own: no `/` in the name, or `kubernetes.io/` anywhere. */
export function isNative(name: string): boolean {
  return classOf(name).native;
}

/** A vendor's resource that a quota could name (`example.com/gpu`). */
export function isExtended(name: string): boolean {
  return classOf(name).extended;
}

/** Counted beside cpu, memory, ephemeral storage and pods; a name that is none of these is ignored everywhere. */
export function isScalar(name: string): boolean {
  return classOf(name).scalar;
}

export function isHugePages(name: string): boolean {
  return name.startsWith(hugePagesPrefix);
}

export function isAttachableVolumes(name: string): boolean {
  return name.startsWith(attachablePrefix);
}

/** `kubernetes.io/` anywhere in the name. */
export function isPrefixedNative(name: string): boolean {
  return name.includes(nativeDomain);
}

/** May be backed by a DeviceClass: extended, or the implicit name of a DeviceClass (scalar, but not extended). */
export function isDraExtended(name: string): boolean {
  return name.startsWith(deviceClassPrefix) || isExtended(name);
}

/** May be set for a pod as a whole: cpu, memory and hugepages. */
export function isPodLevel(name: string): boolean {
  return name === cpu || name === memory || isHugePages(name);
}

/** True for every name that a `Requests` has a place for. */
export function isTracked(name: string): boolean {
  return name === cpu || name === memory || name === ephemeralStorage || isScalar(name);
}

function classOf(name: string): NameClass {
  const known = classes.get(name);
  if (known !== undefined) return known;
  const native = !name.includes('/') || isPrefixedNative(name);
  const extended = !native && !name.startsWith(quotaPrefix) && isQualified(quotaPrefix + name);
  const scalar = extended || isHugePages(name) || isPrefixedNative(name) || isAttachableVolumes(name);
  const found = { native, extended, scalar };
  if (classes.size >= cacheLimit) classes.clear();
  classes.set(name, found);
  return found;
}

function isQualified(name: string): boolean {
  const parts = name.split('/');
  if (parts.length !== 2) return false;
  const [prefix, local] = parts as [string, string];
  return (
    prefix.length <= longestPrefix &&
    dnsSubdomain.test(prefix) &&
    local.length <= longestName &&
    qualifiedName.test(local)
  );
}

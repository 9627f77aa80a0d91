import { isRecord, type JsonRecord, jsonEqual } from './json-value.js';
import { badRequest } from './status-error.js';

/**
 * Lists that merge by a key, by field name, as published in the API's own schema (`x-kubernetes-patch-merge-key`).
 * Lists that are not named here are replaced whole: taints and tolerations among them.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  addresses: 'type',
  conditions: 'type',
  containers: 'name',
  drivers: 'name',
  env: 'name',
  ephemeralContainers: 'name',
  hostAliases: 'ip',
  hostIPs: 'ip',
  imagePullSecrets: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  podIPs: 'ip',
  resourceClaimStatuses: 'name',
  resourceClaims: 'name',
  schedulingGates: 'name',
  secrets: 'name',
  topologySpreadConstraints: 'topologyKey',
  volumeDevices: 'devicePath',
  volumeMounts: 'mountPath',
  volumes: 'name',
};

/** Lists of strings that merge as sets. */
const MERGED_SETS = new Set(['finalizers', 'podCIDRs']);

const CONTAINER_LISTS = new Set(['containers', 'initContainers', 'ephemeralContainers']);

function mergeKeyOf(field: string, parentField: string): string | undefined {
  // `ports` is two lists: of a container, and of a Service.
  if (field === 'ports') return CONTAINER_LISTS.has(parentField) ? 'containerPort' : 'port';
  return Object.hasOwn(MERGE_KEYS, field) ? MERGE_KEYS[field] : undefined;
}

const ORDER_PREFIX = '$setElementOrder/';
const DELETE_PREFIX = '$deleteFromPrimitiveList/';

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((item) => !(isRecord(item) && item.$patch === 'delete'))
      .filter((item) => !(isRecord(item) && item.$patch === 'replace' && Object.keys(item).length === 1))
      .map(withoutDirectives);
  }
  if (!isRecord(value)) return value;
  const result: JsonRecord = {};
  for (const [key, child] of Object.entries(value)) {
    if (key.startsWith('$') || child === null) continue;
    result[key] = withoutDirectives(child);
  }
  return result;
}

function mergeByKey(
  target: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  field: string,
): unknown[] {
  const items = patch.filter(isRecord);
  if (items.length !== patch.length) throw badRequest(`invalid patch: list ${field} must contain objects`);
  if (items.some((item) => item.$patch === 'replace' && Object.keys(item).length === 1)) {
    return withoutDirectives(patch) as unknown[];
  }
  const result: unknown[] = [...target];
  for (const item of items) {
    if (item[key] === undefined) {
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    }
    const position = result.findIndex((existing) => isRecord(existing) && existing[key] === item[key]);
    if (item.$patch === 'delete') {
      if (position >= 0) result.splice(position, 1);
    } else if (position < 0) result.push(withoutDirectives(item));
    else if (item.$patch === 'replace') result[position] = withoutDirectives(item);
    else result[position] = mergeRecords(result[position] as JsonRecord, item, field);
  }
  return result;
}

function mergeSets(target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return [...target, ...patch.filter((item) => !target.includes(item))];
}

/** Items the order names come in that order; the others keep their places relative to their neighbours. */
function reorder(list: readonly unknown[], order: readonly unknown[], key: string | undefined): unknown[] {
  const identity = (item: unknown): unknown => (key !== undefined && isRecord(item) ? item[key] : item);
  const ranks = new Map(order.map((item, rank) => [identity(item), rank]));
  const named = list
    .filter((item) => ranks.has(identity(item)))
    .sort((left, right) => (ranks.get(identity(left)) ?? 0) - (ranks.get(identity(right)) ?? 0));
  let next = 0;
  return list.map((item) => (ranks.has(identity(item)) ? named[next++] : item));
}

function mergeLists(
  target: unknown,
  patch: readonly unknown[],
  field: string,
  parentField: string,
): unknown[] {
  const existing = Array.isArray(target) ? target : [];
  const key = mergeKeyOf(field, parentField);
  if (key !== undefined) return mergeByKey(existing, patch, key, field);
  return MERGED_SETS.has(field) ? mergeSets(existing, patch) : (structuredClone(patch) as unknown[]);
}

function retainKeys(target: JsonRecord, retained: unknown): JsonRecord {
  if (!Array.isArray(retained)) return target;
  return Object.fromEntries(Object.entries(target).filter(([key]) => retained.includes(key)));
}

function applyListDirectives(result: JsonRecord, patch: JsonRecord, field: string): void {
  for (const [directive, value] of Object.entries(patch)) {
    if (!Array.isArray(value)) continue;
    if (directive.startsWith(DELETE_PREFIX)) {
      const list = directive.slice(DELETE_PREFIX.length);
      const current = result[list];
      if (Array.isArray(current)) {
        result[list] = current.filter((item) => !value.some((gone) => jsonEqual(gone, item)));
      }
    }
  }
  for (const [directive, value] of Object.entries(patch)) {
    if (!directive.startsWith(ORDER_PREFIX) || !Array.isArray(value)) continue;
    const list = directive.slice(ORDER_PREFIX.length);
    const current = result[list];
    if (Array.isArray(current)) result[list] = reorder(current, value, mergeKeyOf(list, field));
  }
}

function mergeRecords(target: JsonRecord, patch: JsonRecord, field: string): JsonRecord {
  if (patch.$patch === 'replace') return withoutDirectives(patch) as JsonRecord;
  if (patch.$patch === 'delete') return {};
  const result = { ...retainKeys(target, patch.$retainKeys) };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergeLists(result[key], value, key, field);
    else if (isRecord(value)) {
      const current = result[key];
      result[key] = isRecord(current) ? mergeRecords(current, value, key) : withoutDirectives(value);
    } else result[key] = value;
  }
  applyListDirectives(result, patch, field);
  return result;
}

/** Kubernetes' strategic merge patch, with its directives. Neither argument is changed. */
export function applyStrategicMergePatch(target: JsonRecord, patch: unknown): JsonRecord {
  if (!isRecord(patch)) throw badRequest('invalid strategic merge patch: must be an object');
  return mergeRecords(target, patch, '');
}

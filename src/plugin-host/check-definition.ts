import { didYouMean } from '../config/suggest.js';
import type { EventResource } from '../framework/cluster-event.js';
import { type ExtensionPoint, extensionPoints } from '../framework/plugin.js';
import type { AnyPluginFunctions, PluginDefinition } from '../framework/plugin-definition.js';
import type { ReadResource } from '../framework/registry.js';

/* What a module exports, checked: nothing says that its author's types were. Each function returns what is wrong, or undefined. */

/** The function that makes an extension point, and those that may come with it. */
const functionsOf: Readonly<Record<ExtensionPoint, readonly [needed: string, ...optional: string[]]>> = {
  preEnqueue: ['preEnqueue'],
  queueSort: ['queueKey'],
  preFilter: ['preFilter', 'addPod', 'removePod'],
  filter: ['filter'],
  postFilter: ['postFilter'],
  preScore: ['preScore'],
  score: ['score', 'normalizeScores'],
  reserve: ['reserve', 'unreserve'],
  permit: ['permit'],
  preBind: ['preBind', 'preBindPreFlight'],
  bind: ['bind'],
  postBind: ['postBind'],
};

const readable: ReadonlySet<string> = new Set<ReadResource>([
  'namespaces',
  'services',
  'replicationcontrollers',
  'replicasets',
  'statefulsets',
  'persistentvolumes',
  'persistentvolumeclaims',
  'storageclasses',
  'csinodes',
  'csidrivers',
  'csistoragecapacities',
  'volumeattachments',
  'poddisruptionbudgets',
]);

const eventResources: ReadonlySet<unknown> = new Set<EventResource>([
  'AssignedPod',
  'UnscheduledPod',
  'TargetPod',
  'Pod',
  'Node',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'storage.k8s.io/CSINode',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/VolumeAttachment',
  'storage.k8s.io/CSIStorageCapacity',
  'storage.k8s.io/StorageClass',
  'resource.k8s.io/ResourceClaim',
  'resource.k8s.io/ResourceSlice',
  'resource.k8s.io/DeviceClass',
  '*',
]);

type Exports = Readonly<Record<string, unknown>>;

/** What is wrong with a module's exports. */
export function exportsProblem(exports: Exports): string | undefined {
  if ('plugin' in exports) return undefined;
  const names = Object.keys(exports);
  const example = '"export const plugin = definePlugin({ … })"';
  if (names.length === 0) return `it exports nothing; it has to say ${example}`;
  const shown = names.map((name) => (name === 'default' ? 'a default' : `"${name}"`)).join(', ');
  return `it exports ${shown} and no "plugin"; it has to say ${example}`;
}

/** What is wrong with a module's `plugin`, for a configuration that calls it `name`. */
export function definitionProblem(plugin: unknown, name: string | undefined): string | undefined {
  if (typeof plugin !== 'object' || plugin === null) {
    return 'its "plugin" is no object; it has to say "export const plugin = definePlugin({ … })"';
  }
  const {
    name: own,
    points,
    args,
    reads,
    create,
  } = plugin as { readonly [Key in keyof PluginDefinition]?: unknown };
  if (typeof own !== 'string' || own === '' || own !== (name ?? own)) {
    return typeof own === 'string'
      ? `its plugin is named ${JSON.stringify(own)}, the configuration calls it ${JSON.stringify(name)}; make them equal`
      : `its plugin has no name; it has to say name: ${JSON.stringify(name ?? 'SomeName')}`;
  }
  if (!Array.isArray(points) || points.length === 0) {
    return `its plugin names no extension points; it has to say points: ['score'], or others of ${extensionPoints.join(', ')}`;
  }
  const strange: unknown = points.find((point) => !(extensionPoints as readonly unknown[]).includes(point));
  if (strange !== undefined) {
    const known = extensionPoints.join(', ');
    return `its plugin names the extension point ${JSON.stringify(strange)}, which does not exist${didYouMean(String(strange), extensionPoints)}; there are ${known}`;
  }
  if (args !== undefined && !isSchema(args)) {
    return 'its args are no schema; they have to be z.strictObject({ … }), or another schema that follows Standard Schema';
  }
  const unread: unknown = Array.isArray(reads) ? reads.find((kind) => !readable.has(kind)) : undefined;
  if (unread !== undefined || (reads !== undefined && !Array.isArray(reads))) {
    return `its plugin reads ${JSON.stringify(unread ?? reads)}, which Berth does not know; it knows ${[...readable].join(', ')}`;
  }
  if (typeof create !== 'function')
    return 'its plugin has no create(); it has to be a function that returns the functions of its points';
  return undefined;
}

function isSchema(args: unknown): boolean {
  const standard =
    (typeof args === 'object' || typeof args === 'function') && args !== null && '~standard' in args
      ? args['~standard']
      : undefined;
  return typeof standard === 'object' && standard !== null && 'validate' in standard;
}

/** What is wrong with what `create` returned. */
export function functionsProblem(functions: unknown, points: readonly ExtensionPoint[]): string | undefined {
  if (typeof functions !== 'object' || functions === null) {
    return 'create() returned no object; it has to return the functions of its points';
  }
  if ('then' in functions)
    return 'create() returned a promise; it must not be async (context.every() is for work that waits)';
  const given = functions as AnyPluginFunctions & Exports;
  const may = new Set(['events', ...points.flatMap((point) => functionsOf[point])]);
  for (const key of Object.keys(given)) {
    if (may.has(key)) continue;
    const point = extensionPoints.find((candidate) => functionsOf[candidate].includes(key));
    return point === undefined
      ? `create() returned ${JSON.stringify(key)}, which belongs to none of its points${didYouMean(key, may)}`
      : `create() returned ${key}(), but points does not name ${JSON.stringify(point)}; add it there`;
  }
  for (const point of points) {
    const [needed, ...optional] = functionsOf[point];
    if (typeof given[needed] !== 'function') {
      return `create() returned no ${needed}(), which the extension point ${JSON.stringify(point)} needs`;
    }
    const broken = optional.find((name) => given[name] !== undefined && typeof given[name] !== 'function');
    if (broken !== undefined) return `create() returned a ${broken} that is no function`;
  }
  if (points.includes('reserve') && typeof given.unreserve !== 'function') {
    return 'create() returned no unreserve(), which the extension point "reserve" needs to give back what it took';
  }
  return eventsProblem(given.events);
}

function eventsProblem(events: unknown): string | undefined {
  if (events === undefined) return undefined;
  const example = "{ resource: 'Node', action: Action.UpdateNodeLabel }";
  if (!Array.isArray(events)) return `events is no list; its entries look like ${example}`;
  const isEvent = (event: unknown): boolean =>
    typeof event === 'object' &&
    event !== null &&
    'resource' in event &&
    eventResources.has(event.resource) &&
    'action' in event &&
    Number.isInteger(event.action) &&
    (!('hint' in event) || event.hint === undefined || typeof event.hint === 'function');
  const index = events.findIndex((event) => !isEvent(event));
  return index < 0 ? undefined : `events[${index}] is no event; one looks like ${example}`;
}

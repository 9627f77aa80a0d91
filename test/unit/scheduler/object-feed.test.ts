import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { ClusterEvent } from '../../../src/framework/cluster-event.js';
import type { KubeObject } from '../../../src/kube/object-store.js';
import { ObjectFeed } from '../../../src/scheduler/object-feed.js';
import { type ObjectKind, objectKinds } from '../../../src/scheduler/object-kinds.js';
import { rawObjects, withField } from '../cluster/raw-objects.js';

interface Told {
  readonly event: ClusterEvent;
  readonly old: unknown;
  readonly now: unknown;
  /** What the table had when the queue was told. */
  readonly tableSize: number;
}

function feedOf(kind: ObjectKind, isAwaited: (event: ClusterEvent) => boolean = () => true) {
  const cluster = new ClusterState();
  const told: Told[] = [];
  const handled: [string, number][] = [];
  const asked: string[] = [];
  let now = 0;
  const feed = new ObjectFeed({
    kind,
    cluster,
    queue: {
      onEvent: (event, old, current) =>
        told.push({ event, old, now: current, tableSize: kind.table(cluster).size }),
    },
    isAwaited: (event) => {
      asked.push(event.label);
      return isAwaited(event);
    },
    observe: { handled: (label, seconds) => handled.push([label, seconds]) },
    seconds: () => {
      now += 1;
      return now;
    },
  });
  return { feed, table: kind.table(cluster), told, handled, asked };
}

function objectsOf({ kind, project }: ObjectKind): readonly [first: KubeObject, second: KubeObject] {
  const raw = rawObjects().find((object) => object.kind === kind)!;
  return [project(raw), project(withField(raw, 'metadata.resourceVersion', '8'))];
}

const eventLabels: Readonly<Record<string, string | undefined>> = {
  namespaces: undefined,
  services: undefined,
  replicationcontrollers: undefined,
  replicasets: undefined,
  statefulsets: undefined,
  poddisruptionbudgets: undefined,
  persistentvolumes: 'PersistentVolume',
  persistentvolumeclaims: 'PersistentVolumeClaim',
  storageclasses: 'storage.k8s.io/StorageClass',
  csinodes: 'storage.k8s.io/CSINode',
  csidrivers: 'storage.k8s.io/CSIDriver',
  csistoragecapacities: 'storage.k8s.io/CSIStorageCapacity',
  volumeattachments: 'storage.k8s.io/VolumeAttachment',
};

describe.each(objectKinds.map((kind) => [kind.resource, kind] as const))(
  'the feed of %s',
  (resource, kind) => {
    const [first, second] = objectsOf(kind);

    it('keeps its table true to what was delivered', () => {
      const { feed, table } = feedOf(kind);
      const found = () => table.get(first.name, first.namespace);
      feed.added(first);
      expect([found(), table.size]).toEqual([first, 1]);
      feed.updated(first, second);
      expect(found()).toBe(second);
      feed.deleted(second);
      expect([found(), table.size]).toEqual([undefined, 0]);
    });

    it("tells the queue, after the change, by kube-scheduler's names, or not at all", () => {
      const { feed, told, handled } = feedOf(kind);
      feed.added(first);
      feed.updated(first, second);
      feed.deleted(second);
      const label = eventLabels[resource];
      if (label === undefined) {
        expect([told, handled]).toEqual([[], []]);
        return;
      }
      const event = (name: string, action: number) => ({ resource: label, action, label: `${label}${name}` });
      expect(told).toEqual([
        { event: event('Add', Action.Add), old: undefined, now: first, tableSize: 1 },
        { event: event('Update', Action.Update), old: first, now: second, tableSize: 1 },
        { event: event('Delete', Action.Delete), old: second, now: undefined, tableSize: 0 },
      ]);
      expect(handled).toEqual([
        [`${label}Add`, 1],
        [`${label}Update`, 1],
        [`${label}Delete`, 1],
      ]);
    });
  },
);

describe('events that no plugin registered for', () => {
  const kind = objectKinds.find(({ resource }) => resource === 'persistentvolumes')!;
  const [first, second] = objectsOf(kind);

  it('change the table and never reach the queue', () => {
    const { feed, table, told, handled, asked } = feedOf(kind, ({ action }) => action === Action.Add);
    feed.added(first);
    for (let i = 0; i < 10; i++) feed.updated(first, second);
    feed.deleted(second);
    expect(told.map(({ event }) => event.label)).toEqual(['PersistentVolumeAdd']);
    expect(handled.map(([label]) => label)).toEqual(['PersistentVolumeAdd']);
    expect(table.size).toBe(0);
    // Registrations do not change: it is found out once.
    expect(asked).toHaveLength(3);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Plugin } from '../../../src/framework/plugin.js';
import { type ReadResource, Registry } from '../../../src/framework/registry.js';
import { kindsRead, objectKinds } from '../../../src/scheduler/object-kinds.js';

function registryOf(plugins: Readonly<Record<string, readonly ReadResource[] | undefined>>): Registry {
  const registry = new Registry();
  for (const [name, reads] of Object.entries(plugins)) {
    const create = (): Plugin => ({ name });
    registry.register({ name, points: [], create, ...(reads === undefined ? {} : { reads }) });
  }
  return registry;
}

const profile = (...names: readonly string[]) => ({ all: names.map((name) => ({ name })) });

describe('the kinds of objects that are watched', () => {
  const registry = registryOf({
    Volumes: ['persistentvolumes', 'persistentvolumeclaims'],
    Zones: ['persistentvolumes', 'storageclasses'],
    Spread: ['services'],
    Fit: undefined,
  });
  const watched = (...profiles: readonly ReturnType<typeof profile>[]) =>
    kindsRead(profiles, registry).map(({ resource }) => resource);

  it('are those that plugins of any profile read, each once', () => {
    expect(watched(profile('Fit', 'Zones'), profile('Volumes'))).toEqual([
      'persistentvolumes',
      'persistentvolumeclaims',
      'storageclasses',
    ]);
    expect(watched(profile('Spread'), profile('Spread'))).toEqual(['services']);
  });

  it('are none when no enabled plugin reads any, registered or not', () => {
    expect(watched(profile('Fit'))).toEqual([]);
    expect(watched(profile('of nobody'))).toEqual([]);
    expect(watched()).toEqual([]);
  });

  it('are found where the API server has them', () => {
    expect(objectKinds.map(({ path, kind }) => `${path} ${kind}`).sort()).toEqual([
      '/api/v1/namespaces Namespace',
      '/api/v1/persistentvolumeclaims PersistentVolumeClaim',
      '/api/v1/persistentvolumes PersistentVolume',
      '/api/v1/replicationcontrollers ReplicationController',
      '/api/v1/services Service',
      '/apis/apps/v1/replicasets ReplicaSet',
      '/apis/apps/v1/statefulsets StatefulSet',
      '/apis/policy/v1/poddisruptionbudgets PodDisruptionBudget',
      '/apis/storage.k8s.io/v1/csidrivers CSIDriver',
      '/apis/storage.k8s.io/v1/csinodes CSINode',
      '/apis/storage.k8s.io/v1/csistoragecapacities CSIStorageCapacity',
      '/apis/storage.k8s.io/v1/storageclasses StorageClass',
      '/apis/storage.k8s.io/v1/volumeattachments VolumeAttachment',
    ]);
  });
});

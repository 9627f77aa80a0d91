import { describe, expect, it } from '@jest/globals';
import { claimNameOf, podVolumes } from '../../../src/cluster/pod-volumes.js';
import { makePod } from '../../build-objects.js';

const podWith = (...volumes: Record<string, unknown>[]) => makePod({ name: 'p', spec: { volumes } });

describe('Volumes of a pod', () => {
  it('are claims, ephemeral volumes with a claim named after both, and what is written into the pod', () => {
    const pod = podWith(
      { name: 'data', persistentVolumeClaim: { claimName: 'c' } },
      { name: 'scratch', ephemeral: { volumeClaimTemplate: {} } },
      { name: 'disk', gcePersistentDisk: { pdName: 'd' } },
      { name: 'secrets', csi: { driver: 'secrets.example.com', volumeAttributes: { of: 'p' } } },
      { name: 'config', configMap: { name: 'm' } },
    );
    const { all, attachableCount } = podVolumes(pod.spec);
    expect(all).toMatchObject([
      { kind: 'claim', claimName: 'c' },
      { kind: 'ephemeral', name: 'scratch' },
      { kind: 'inline', name: 'disk', plugin: { name: 'kubernetes.io/gce-pd' } },
      { kind: 'inline', name: 'secrets', plugin: undefined },
    ]);
    expect(all.map((volume) => claimNameOf(pod, volume))).toEqual(['c', 'p-scratch', undefined, undefined]);
    expect(attachableCount).toBe(3);
    expect(pod.spec.volumes.at(-1)).toEqual({ name: 'secrets', csi: { driver: 'secrets.example.com' } });
  });

  it('are worked out once for all pods of a template', () => {
    const volume = { name: 'data', persistentVolumeClaim: { claimName: 'c' } };
    expect(podVolumes(podWith(volume).spec)).toBe(podVolumes(podWith(volume).spec));
    expect(podVolumes(podWith().spec)).toEqual({ all: [], disks: [], attachableCount: 0 });
  });

  it('bear fields of a wrong type', () => {
    const { all, disks } = podVolumes(
      podWith(
        { name: 7, gcePersistentDisk: { pdName: 7, readOnly: 'yes' } },
        { name: 'b', rbd: { monitors: 'm', pool: null, image: [] } },
      ).spec,
    );
    expect(all).toMatchObject([
      { kind: 'inline', name: '' },
      { kind: 'inline', name: 'b' },
    ]);
    expect(disks).toMatchObject([
      { kind: 'gcePersistentDisk', id: '', shareable: false },
      { kind: 'rbd', monitors: [], shareable: false },
    ]);
  });
});

import type { EmbeddedApiServer } from '../../../../src/kube/embedded/embedded-api-server.js';
import type { KubeObject } from '../../../../src/kube/embedded/kube-object.js';
import { ManualClock } from '../../../manual-clock.js';
import { withServer } from './embedded-client.js';

const CLAIM = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
const VOLUME = { apiVersion: 'v1', kind: 'PersistentVolume' };
const CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' };

/** What of claims and volumes tells how they are bound. */
export interface Binding {
  readonly phase: string;
  readonly annotations: readonly string[];
  /** Of a claim, the name of its volume; of a volume, the name of its claim. */
  readonly other: string;
}

/** A server with its controllers, and claims and volumes in few words. Everything is of class `manual` if not said otherwise. */
export class VolumeCluster {
  readonly server: EmbeddedApiServer;
  readonly clock: ManualClock;

  constructor(server: EmbeddedApiServer, clock: ManualClock) {
    this.server = server;
    this.clock = clock;
  }

  addClass(name: string, fields: object = {}): KubeObject {
    return this.server.create({ ...CLASS, metadata: { name }, provisioner: 'example.com/disk', ...fields });
  }

  addVolume(name: string, spec: object = {}, metadata: object = {}): KubeObject {
    return this.server.create({
      ...VOLUME,
      metadata: { name, ...metadata },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
        hostPath: { path: '/data' },
        ...spec,
      },
    });
  }

  addClaim(name: string, spec: object = {}, metadata: object = {}): KubeObject {
    return this.server.create({
      ...CLAIM,
      metadata: { name, ...metadata },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
        resources: { requests: { storage: '1Gi' } },
        ...spec,
      },
    });
  }

  patchVolume(name: string, patch: object): KubeObject {
    return this.server.patch({ ...VOLUME, name }, patch, { type: 'merge' });
  }

  patchClaim(name: string, patch: object): KubeObject {
    return this.server.patch({ ...CLAIM, name }, patch, { type: 'merge' });
  }

  deleteVolume(name: string): void {
    this.server.delete({ ...VOLUME, name });
  }

  deleteClaim(name: string): void {
    this.server.delete({ ...CLAIM, name });
  }

  rawVolume(name: string): KubeObject | undefined {
    return this.server.get({ ...VOLUME, name });
  }

  rawClaim(name: string): KubeObject | undefined {
    return this.server.get({ ...CLAIM, name });
  }

  volume(name: string): Binding | undefined {
    const found = this.rawVolume(name);
    const { claimRef } = (found?.spec ?? {}) as { claimRef?: { name: string } };
    return found && bindingOf(found, claimRef?.name ?? '');
  }

  claim(name: string): Binding | undefined {
    const found = this.rawClaim(name);
    const { volumeName } = (found?.spec ?? {}) as { volumeName?: string };
    return found && bindingOf(found, volumeName ?? '');
  }

  async settle(): Promise<void> {
    await this.clock.advance(0);
  }
}

function bindingOf({ metadata, status }: KubeObject, other: string): Binding {
  const { phase } = status as { phase: string };
  return {
    phase,
    other,
    annotations: Object.keys(metadata.annotations ?? {})
      .map(shortKey)
      .sort(),
  };
}

const shortKey = (key: string): string => key.slice(key.indexOf('/') + 1);

type Options = Parameters<typeof withServer>[0];

export function withVolumes(
  options: Options,
  test: (cluster: VolumeCluster) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'));
  const onError = (error: unknown): void => {
    throw error;
  };
  return withServer({ clock, controllers: true, onError, ...options }, (_client, server) =>
    test(new VolumeCluster(server, clock)),
  );
}

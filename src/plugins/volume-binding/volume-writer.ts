import type { PersistentVolume, PersistentVolumeClaim } from '../../cluster/storage.js';
import type { CallOptions } from '../../framework/plugin.js';
import { failure, type Status } from '../../framework/status.js';

export type VolumeWriteResult =
  | { readonly kind: 'written'; readonly resourceVersion: string }
  | { readonly kind: 'failed'; readonly status: Status };

/** Tells the API server what was decided about volumes. Never rejects; an object that has changed meanwhile is not written. */
export interface VolumeWriter {
  /** Promises a volume to a claim; the volume controller binds the two. */
  bindVolume(
    volume: PersistentVolume,
    claim: PersistentVolumeClaim,
    options: CallOptions & {
      /** The volume was nobody's before: whoever releases it may give it to others. */
      readonly byController: boolean;
    },
  ): Promise<VolumeWriteResult>;
  /** Brings a claim to a node; the provisioner makes its volume there. */
  selectNode(
    claim: PersistentVolumeClaim,
    nodeName: string,
    options: CallOptions,
  ): Promise<VolumeWriteResult>;
}

const noWriter: VolumeWriteResult = {
  kind: 'failed',
  status: failure('volumes are not written here'),
};

/** For whoever decides and binds nothing: should a volume have to be written all the same, that fails. */
export const refusesToWrite: VolumeWriter = {
  bindVolume: async () => noWriter,
  selectNode: async () => noWriter,
};

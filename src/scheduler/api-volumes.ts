import PQueue from 'p-queue';
import { failure } from '../framework/status.js';
import type { VolumeApi } from '../kube/volume-api.js';
import type { WriteFence } from '../kube/write-fence.js';
import type { VolumeWriteResult, VolumeWriter } from '../plugins/volume-binding/volume-writer.js';
import { Overtaken } from './overtaken.js';

/** Writes about volumes at once: they must not crowd out bindings. */
const concurrency = 8;

/** What VolumeBinding writes, through the API server. A write that fails is not repeated: the pod is tried again. */
export function writeVolumesThroughApi(api: VolumeApi, fence: WriteFence): VolumeWriter {
  const queue = new PQueue({ concurrency });
  const write = (call: () => Promise<{ readonly resourceVersion: string }>): Promise<VolumeWriteResult> =>
    queue.add(async () => {
      if (!fence.mayWrite()) {
        const status = failure('this process does not lead any more', new Overtaken('another leader'));
        return { kind: 'failed', status };
      }
      try {
        return { kind: 'written', ...(await call()) };
      } catch (error) {
        return {
          kind: 'failed',
          status: failure(error instanceof Error ? error.message : String(error), error),
        };
      }
    });
  return {
    bindVolume: (volume, claim, options) => write(() => api.setClaim(volume, claim, options)),
    selectNode: (claim, nodeName, options) => write(() => api.selectNode(claim, nodeName, options)),
  };
}

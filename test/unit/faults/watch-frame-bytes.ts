import { encodeWatchFrame } from '../../../src/kube/protobuf/watch-frame.js';
import type { WireFormat } from '../../faults/wire-format.js';

/** A frame about a pod, as an API server writes it: longer than one byte could say. */
export function watchFrame(format: WireFormat, version: number, type = 'MODIFIED'): Buffer {
  const annotations = { note: 'ä'.repeat(200) };
  const metadata = { name: 'ä', uid: 'u', resourceVersion: String(version), annotations };
  const frame = { type, object: { apiVersion: 'v1', kind: 'Pod', metadata } };
  return format === 'protobuf' ? encodeWatchFrame(frame) : Buffer.from(`${JSON.stringify(frame)}\n`);
}

import { describe, expect, it } from '@jest/globals';
import { naturalLog } from '../../../src/plugins/pod-topology-spread/natural-log.js';

const bytes = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): bigint {
  bytes.setFloat64(0, value);
  return bytes.getBigUint64(0);
}

/* Expected values are what Go's math.Log gives on amd64. */
describe('the natural logarithm of spread scores', () => {
  it.each<[number, bigint]>([
    [1, 0x0000000000000000n],
    [2, 0x3fe62e42fefa39efn],
    [3, 0x3ff193ea7aad030an],
    [4, 0x3ff62e42fefa39efn],
    [5, 0x3ff9c041f7ed8d33n],
    [6, 0x3ffcab0bfa2a2002n],
    [7, 0x3fff2272ae325a57n],
    [10, 0x40026bb1bbb55516n],
    [14, 0x40051cca16d7bba8n],
    [100, 0x40126bb1bbb55516n],
    [176, 0x4014ae935b3cb89en],
    [185, 0x4014e1a4f518c72bn],
    [220, 0x4015931319798d6en],
    [680, 0x401a169f7e9678c3n],
    [5002, 0x40210901f6dc84b9n],
    [15002, 0x40233b5c54bb9573n],
  ])('of %d is exact to the last bit', (x, bits) => {
    expect(bitsOf(naturalLog(x))).toBe(bits);
  });

  it('equals the reference for every integer from 2 to 20002', () => {
    // FNV-1a over the little-endian bits of all results.
    let hash = 0x811c9dc5;
    for (let x = 2; x <= 20_002; x++) {
      bytes.setFloat64(0, naturalLog(x), true);
      for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ bytes.getUint8(i), 0x01000193) >>> 0;
    }
    expect(hash).toBe(436058749);
  });
});

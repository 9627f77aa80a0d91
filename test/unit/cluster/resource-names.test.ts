import { describe, expect, it } from '@jest/globals';
import {
  isAttachableVolumes,
  isDraExtended,
  isExtended,
  isHugePages,
  isNative,
  isPodLevel,
  isPrefixedNative,
  isScalar,
  isTracked,
} from '../../../src/cluster/resource-names.js';

const classes = (name: string) =>
  Object.entries({
    isNative,
    isExtended,
    isHugePages,
    isAttachableVolumes,
    isPrefixedNative,
    isScalar,
    isTracked,
  })
    .filter(([, holds]) => holds(name))
    .map(([key]) => key);

describe('resource names', () => {
  it.each([
    ['cpu', ['isNative', 'isTracked']],
    ['memory', ['isNative', 'isTracked']],
    ['ephemeral-storage', ['isNative', 'isTracked']],
    ['pods', ['isNative']],
    ['storage', ['isNative']],
    ['foo', ['isNative']],
    ['', ['isNative']],
    ['hugepages-2Mi', ['isNative', 'isHugePages', 'isScalar', 'isTracked']],
    ['attachable-volumes-aws-ebs', ['isNative', 'isAttachableVolumes', 'isScalar', 'isTracked']],
    ['kubernetes.io/batch-cpu', ['isNative', 'isPrefixedNative', 'isScalar', 'isTracked']],
    ['sub.kubernetes.io/x', ['isNative', 'isPrefixedNative', 'isScalar', 'isTracked']],
    ['example.com/gpu', ['isExtended', 'isScalar', 'isTracked']],
    ['requests.example.com/gpu', []],
    ['Example.com/gpu', []],
    ['example.com/', []],
    ['/gpu', []],
    ['a/b/c', []],
    ['example.com/-gpu', []],
  ])('%s falls into its classes', (name, expected) => {
    expect(classes(name)).toEqual(expected);
  });

  it('measures a name as a quota would write it', () => {
    const domain = (length: number) => `${'a'.repeat(length - 4)}.com/x`;
    expect(isExtended(domain(253 - 'requests.'.length))).toBe(true);
    expect(isExtended(domain(254 - 'requests.'.length))).toBe(false);
    expect(isExtended(`a.com/${'x'.repeat(63)}`)).toBe(true);
    expect(isExtended(`a.com/${'x'.repeat(64)}`)).toBe(false);
  });

  it('counts the implicit name of a DeviceClass as scalar and not as extended', () => {
    const name = 'deviceclass.resource.kubernetes.io/gpu.example.com';
    expect([isDraExtended(name), isScalar(name), isExtended(name)]).toEqual([true, true, false]);
    expect([isDraExtended('example.com/gpu'), isDraExtended('cpu')]).toEqual([true, false]);
  });

  it('allows cpu, memory and hugepages for the pod as a whole', () => {
    const names = ['cpu', 'memory', 'hugepages-1Gi', 'ephemeral-storage', 'example.com/gpu'];
    expect(names.filter(isPodLevel)).toEqual(['cpu', 'memory', 'hugepages-1Gi']);
  });
});

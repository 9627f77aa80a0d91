import { describe, expect, it } from '@jest/globals';
import { encodeObject } from '../../../src/kube/protobuf/envelope.js';
import { protobufMediaType } from '../../../src/kube/protobuf/media-type.js';
import {
  allowsFormat,
  contentTypeOf,
  decodeBody,
  decodeMetadata,
  formatOf,
} from '../../faults/wire-format.js';

describe('the format of what goes over the wire', () => {
  it('is told by the media type, whatever its parameters and letters', () => {
    expect(formatOf('application/vnd.kubernetes.protobuf')).toBe('protobuf');
    expect(formatOf('application/vnd.kubernetes.protobuf;stream=watch')).toBe('protobuf');
    expect(formatOf('Application/VND.kubernetes.protobuf ; stream=watch')).toBe('protobuf');
    expect(formatOf('application/json; charset=utf-8')).toBe('json');
    expect(formatOf('application/merge-patch+json')).toBe('json');
  });

  it('is JSON where nothing is said', () => {
    expect(formatOf(contentTypeOf({ headers: {} }))).toBe('json');
  });

  it('does not keep the metadata of a list from being read whose kind is not known', () => {
    const metadata = { resourceVersion: '7', continue: 'more' };
    const known = encodeObject({ apiVersion: 'v1', kind: 'PodList', metadata, items: [] })!;
    const bytes = Buffer.from(known.toString('latin1').replace('PodList', 'CatList'), 'latin1');
    const list = { contentType: protobufMediaType, bytes };
    expect(() => decodeBody(list)).toThrow('CatList');
    expect(decodeMetadata(list)).toEqual(metadata);
  });

  it.each<[string | undefined, boolean, boolean]>([
    [undefined, true, false],
    ['*/*', true, false],
    ['application/json', true, false],
    ['application/vnd.kubernetes.protobuf,application/json', true, true],
    ['application/json, application/vnd.kubernetes.protobuf;q=0.9', true, true],
    ['application/vnd.kubernetes.protobuf', false, true],
    ['text/html', false, false],
  ])('may be, for one who accepts %s, JSON: %s, protobuf: %s', (accept, json, protobuf) => {
    expect(allowsFormat(accept, 'json')).toBe(json);
    expect(allowsFormat(accept, 'protobuf')).toBe(protobuf);
  });
});

import { describe, expect, it } from '@jest/globals';
import { allowsFormat, contentTypeOf, formatOf } from '../../faults/wire-format.js';

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

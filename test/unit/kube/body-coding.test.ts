import { describe, expect, it } from '@jest/globals';
import { offersProtobuf } from '../../../src/kube/body-coding.js';

const protobuf = 'application/vnd.kubernetes.protobuf';

describe('protobuf', () => {
  it.each([
    [protobuf, '', true],
    [protobuf, `${protobuf},application/json`, true],
    [protobuf, 'application/json', false],
    ['application/json', '', false],
    ['application/json', protobuf, false],
  ])(
    'with the content type %s, and %p accepted, is offered: %s',
    (contentType, acceptContentTypes, offered) => {
      expect(offersProtobuf({ contentType, acceptContentTypes })).toBe(offered);
    },
  );
});

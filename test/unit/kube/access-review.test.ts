import { describe, expect, it } from '@jest/globals';
import { describeAccess, missingAccess, type NeededAccess } from '../../../src/kube/access-review.js';
import { ApiError } from '../../../src/kube/api-error.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';

const listPods = { verb: 'list', group: '', resource: 'pods' };
const bindPods = { verb: 'create', group: '', resource: 'pods', subresource: 'binding' };
const updateLease = {
  verb: 'update',
  group: 'coordination.k8s.io',
  resource: 'leases',
  namespace: 'berth-system',
  name: 'berth',
};

/** An API server that answers reviews, and nothing else. */
function server(review: (access: NeededAccess) => unknown): {
  readonly transport: ApiTransport;
  readonly requests: ApiRequest[];
} {
  const requests: ApiRequest[] = [];
  const request = async <T>(asked: ApiRequest): Promise<T> => {
    requests.push(asked);
    const { spec } = asked.body as { spec: { resourceAttributes: NeededAccess } };
    return review(spec.resourceAttributes) as T;
  };
  const stream = (): Promise<never> => Promise.reject(new Error('nothing is watched here'));
  return { transport: { request, stream }, requests };
}

describe('missingAccess', () => {
  it('names what is not granted, in the order given', async () => {
    const { transport } = server(({ verb }) => ({ status: { allowed: verb === 'list' } }));
    expect(await missingAccess(transport, [bindPods, listPods, updateLease])).toEqual([
      bindPods,
      updateLease,
    ]);
  });

  it('asks for exactly what is needed, about the user who asks', async () => {
    const { transport, requests } = server(() => ({ status: { allowed: true } }));
    const { signal } = new AbortController();
    expect(await missingAccess(transport, [updateLease], { signal })).toEqual([]);
    expect(requests).toEqual([
      {
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: updateLease },
        },
        signal,
      },
    ]);
  });

  it('takes an answer without a verdict for a no', async () => {
    const { transport } = server(() => ({}));
    expect(await missingAccess(transport, [listPods])).toEqual([listPods]);
  });

  it('leaves it to the calls themselves where the server does not take such questions', async () => {
    for (const code of [403, 404]) {
      const { transport } = server(() => {
        throw new ApiError('no such question', { failure: 'status', code });
      });
      expect(await missingAccess(transport, [listPods])).toEqual([]);
    }
  });

  it('fails where the server cannot be asked at all', async () => {
    for (const trouble of [
      { failure: 'unreachable' },
      { failure: 'status', code: 401 },
      { failure: 'status', code: 500 },
    ] as const) {
      const { transport } = server(() => {
        throw new ApiError('trouble', trouble);
      });
      await expect(missingAccess(transport, [listPods])).rejects.toThrow('trouble');
    }
  });
});

describe('describeAccess', () => {
  it('speaks as administrators do', () => {
    expect([listPods, bindPods, updateLease].map(describeAccess)).toEqual([
      'list pods',
      'create pods/binding',
      'update leases.coordination.k8s.io in namespace berth-system',
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { describeAccess, missingAccess, type NeededAccess } from '../../../src/kube/access-review.js';
import { ApiError } from '../../../src/kube/api-error.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { ManualClock } from '../../manual-clock.js';

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
    for (const trouble of [{ failure: 'unreachable' }, { failure: 'status', code: 401 }] as const) {
      const { transport } = server(() => {
        throw new ApiError('trouble', trouble);
      });
      await expect(missingAccess(transport, [listPods])).rejects.toThrow('trouble');
    }
  });

  it.each([
    ['a connection that was reset', { failure: 'ambiguous' }],
    ['a server that is busy', { failure: 'status', code: 429 }],
    ['a server in trouble', { failure: 'status', code: 503 }],
  ] as const)('asks again after %s: asking changes nothing', async (_what, details) => {
    let asked = 0;
    const { transport } = server(() => {
      asked += 1;
      if (asked < 3) throw new ApiError('not now', details);
      return { status: { allowed: true } };
    });
    const clock = new ManualClock();
    const missing = missingAccess(transport, [listPods], { clock });
    await clock.advance(1_000);
    expect([await missing, asked]).toEqual([[], 3]);
  });

  it('gives up in the end, and at once where nobody is reached', async () => {
    const { transport, requests } = server(() => {
      throw new ApiError('not now', { failure: 'status', code: 503 });
    });
    const clock = new ManualClock();
    const review = expect(missingAccess(transport, [listPods], { clock })).rejects.toThrow('not now');
    await clock.advance(60_000);
    await review;
    expect(requests).toHaveLength(4);
    const nobody = server(() => {
      throw new ApiError('nobody there', { failure: 'unreachable' });
    });
    await expect(missingAccess(nobody.transport, [listPods], { clock })).rejects.toThrow('nobody there');
    expect(nobody.requests).toHaveLength(1);
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

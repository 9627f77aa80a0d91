import { beforeEach, describe, expect, it } from '@jest/globals';
import { PodApi } from '../../../src/kube/pod-api.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';

const pod = { namespace: 'team a', name: 'web/0', uid: 'u1' };
let requests: ApiRequest[];
let answer: unknown;
let api: PodApi;

beforeEach(() => {
  requests = [];
  answer = {};
  const transport: ApiTransport = {
    request: async <T>(request: ApiRequest) => {
      requests.push(request);
      return answer as T;
    },
    stream: () => Promise.reject(new Error('nothing is watched here')),
  };
  api = new PodApi(transport);
});

describe('requests about pods', () => {
  it('binds the pod of that UID only, and leaves waiting on 429 to its caller', async () => {
    const { signal } = new AbortController();
    await api.bind(pod, 'n1', { signal });
    expect(requests).toEqual([
      {
        method: 'POST',
        path: '/api/v1/namespaces/team%20a/pods/web%2F0/binding',
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { namespace: 'team a', name: 'web/0', uid: 'u1' },
          target: { kind: 'Node', name: 'n1' },
        },
        protobuf: true,
        retryThrottled: false,
        signal,
      },
    ]);
  });

  it('reads where a pod is', async () => {
    answer = { metadata: { uid: 'u2' }, spec: { nodeName: 'n1' } };
    expect(await api.read(pod)).toEqual({ uid: 'u2', nodeName: 'n1' });
    answer = { metadata: { uid: 'u2' }, spec: {} };
    expect(await api.read(pod)).toEqual({ uid: 'u2', nodeName: '' });
    expect(requests[0]).toEqual({ method: 'GET', path: '/api/v1/namespaces/team%20a/pods/web%2F0' });
  });

  it('writes a condition of the pod of that UID only, by a patch that leaves other conditions alone', async () => {
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: 'no',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    } as const;
    await api.patchStatus(pod, { condition });
    expect(requests).toEqual([
      {
        method: 'PATCH',
        path: '/api/v1/namespaces/team%20a/pods/web%2F0/status',
        contentType: 'application/strategic-merge-patch+json',
        body: { metadata: { uid: 'u1' }, status: { conditions: [condition] } },
      },
    ]);
  });

  it('sets a nomination, and clears it with null: a missing field would leave it', async () => {
    await api.patchStatus(pod, { nominatedNodeName: 'n1' });
    await api.patchStatus(pod, { nominatedNodeName: '' });
    expect(requests.map(({ body }) => body)).toEqual([
      { metadata: { uid: 'u1' }, status: { nominatedNodeName: 'n1' } },
      { metadata: { uid: 'u1' }, status: { nominatedNodeName: null } },
    ]);
  });
});

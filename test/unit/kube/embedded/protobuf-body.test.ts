import { describe, expect, it } from '@jest/globals';
import { decodeProtobuf } from '../../../../src/kube/embedded/protobuf-body.js';
import { withServer } from './embedded-client.js';

type Part = readonly [number: number, value: number | string | Buffer | readonly Part[]];

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** Writes what client-go would: an encoder of its own, to hold against the decoder. */
function message(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.flatMap(([number, value]) => {
      if (typeof value === 'number') return [varint(number * 8), varint(value)];
      const bytes = Array.isArray(value) ? message(value) : Buffer.from(value as string);
      return [varint(number * 8 + 2), varint(bytes.length), bytes];
    }),
  );
}

const envelope = (apiVersion: string, kind: string, object: readonly Part[]): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    message([
      [
        1,
        [
          [1, apiVersion],
          [2, kind],
        ],
      ],
      [2, message(object)],
    ]),
  ]);

/** Zero values that Go writes in all metadata. */
const metadata = (name: string): readonly Part[] => [
  [1, name],
  [2, ''],
  [5, ''],
  [7, 0],
  [8, ''],
];

const DEPLOYMENT = envelope('apps/v1', 'Deployment', [
  [
    1,
    [
      ...metadata('web'),
      [
        11,
        [
          [1, 'app'],
          [2, 'web'],
        ],
      ],
    ],
  ],
  [
    2,
    [
      [1, 0],
      [
        2,
        [
          [
            1,
            [
              [1, 'app'],
              [2, 'web'],
            ],
          ],
        ],
      ],
      [
        3,
        [
          [
            1,
            [
              [
                11,
                [
                  [1, 'app'],
                  [2, 'web'],
                ],
              ],
            ],
          ],
          [
            2,
            [
              [
                2,
                [
                  [1, 'nginx'],
                  [2, 'nginx:1'],
                  [
                    6,
                    [
                      [2, 0],
                      [3, 80],
                    ],
                  ],
                  [8, ''],
                  [16, 0],
                ],
              ],
            ],
          ],
        ],
      ],
      [4, [[1, '']]],
      [5, 0],
      [7, 0],
    ],
  ],
  [3, [[1, 0]]],
]);

describe('a protobuf body', () => {
  it('of kubectl create is decoded, zero values left out where Go leaves them out', () => {
    expect(decodeProtobuf(DEPLOYMENT)).toEqual({
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'nginx', image: 'nginx:1', ports: [{ containerPort: 80 }] }] },
        },
      },
    });
  });

  it('holds quantities, numbers or strings, and negative numbers', () => {
    const budget = envelope('policy/v1', 'PodDisruptionBudget', [
      [
        2,
        [
          [
            1,
            [
              [1, 1],
              [2, 0],
              [3, '50%'],
            ],
          ],
          [
            3,
            [
              [1, 0],
              [2, 2],
            ],
          ],
        ],
      ],
    ]);
    expect(decodeProtobuf(budget)).toMatchObject({ spec: { minAvailable: '50%', maxUnavailable: 2 } });
    const priority = envelope('scheduling.k8s.io/v1', 'PriorityClass', [[2, -10]]);
    expect(decodeProtobuf(priority)).toMatchObject({ value: -10 });
  });

  it.each([
    ['an unknown kind', envelope('v1', 'Endpoints', [[1, metadata('a')]]), 415],
    ['a field that is not known', envelope('v1', 'Namespace', [[1, [[10, 30]]]]), 415],
    ['a kind whose name another group has', envelope('v1', 'Event', [[1, metadata('a')]]), 415],
    ['no envelope', Buffer.from('{}'), 400],
    ['an end too early', DEPLOYMENT.subarray(0, DEPLOYMENT.length - 4), 400],
    ['a varint without end', Buffer.concat([Buffer.from('k8s\0'), Buffer.alloc(20, 0xff)]), 400],
  ])('with %s is refused', (_what, body, code) => {
    expect(() => decodeProtobuf(body)).toThrow(expect.objectContaining({ code }));
  });

  it('makes an object like any other', () =>
    withServer({}, async (_client, server) => {
      const response = await fetch(`${server.url}/apis/apps/v1/namespaces/default/deployments`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
        body: DEPLOYMENT,
      });
      expect(response.status).toBe(201);
      expect(server.get({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' })?.spec).toMatchObject({
        replicas: 0,
        strategy: { type: 'RollingUpdate' },
      });
    }));
});

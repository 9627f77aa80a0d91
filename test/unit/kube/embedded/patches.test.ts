import { describe, expect, it } from '@jest/globals';
import { patchObject } from '../../../../src/kube/embedded/patch-object.js';
import { CONFIG_MAPS, configMapBody, PODS, podBody, withServer } from './embedded-client.js';

describe('a JSON merge patch', () => {
  it.each([
    [{ a: 1, b: { c: 2, d: 3 } }, { b: { c: null } }, { a: 1, b: { d: 3 } }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: 1 }, { b: { c: null, d: 1 } }, { a: 1, b: { d: 1 } }],
    [{ a: { b: 1 } }, { a: 'x' }, { a: 'x' }],
  ])('of %j by %j is %j', (object, patch, expected) => {
    const before = structuredClone(object);
    expect(patchObject(object, 'merge', patch)).toEqual(expected);
    expect(object).toEqual(before);
  });
});

describe('a JSON patch', () => {
  it.each([
    [[{ op: 'add', path: '/list/1', value: 'x' }], { list: ['a', 'x', 'b'], map: { 'a/b': 1 } }],
    [[{ op: 'add', path: '/list/-', value: 'x' }], { list: ['a', 'b', 'x'], map: { 'a/b': 1 } }],
    [[{ op: 'replace', path: '/map/a~1b', value: 2 }], { list: ['a', 'b'], map: { 'a/b': 2 } }],
    [[{ op: 'remove', path: '/list/0' }], { list: ['b'], map: { 'a/b': 1 } }],
    [[{ op: 'move', from: '/list/0', path: '/first' }], { list: ['b'], map: { 'a/b': 1 }, first: 'a' }],
    [
      [{ op: 'copy', from: '/map', path: '/copy' }],
      { list: ['a', 'b'], map: { 'a/b': 1 }, copy: { 'a/b': 1 } },
    ],
    [[{ op: 'test', path: '/list', value: ['a', 'b'] }], { list: ['a', 'b'], map: { 'a/b': 1 } }],
  ])('of %j', (patch, expected) => {
    expect(patchObject({ list: ['a', 'b'], map: { 'a/b': 1 } }, 'json', patch)).toEqual(expected);
  });

  it.each([
    [{ op: 'test', path: '/a', value: 2 }, 422],
    [{ op: 'remove', path: '/none' }, 422],
    [{ op: 'replace', path: '/none', value: 1 }, 422],
    [{ op: 'add', path: '/list/9', value: 1 }, 422],
    [{ op: 'add', path: 'a', value: 1 }, 422],
    [{ op: 'remove', path: '' }, 422],
    [{ op: 'paint', path: '/a' }, 422],
  ])('is refused whole for %j', (operation, code) => {
    const object = { a: 1, list: [] };
    const patch = [{ op: 'add', path: '/b', value: 1 }, operation];
    expect(() => patchObject(object, 'json', patch)).toThrow(expect.objectContaining({ code }));
    expect(object).toEqual({ a: 1, list: [] });
  });
});

describe('a strategic merge patch', () => {
  it('merges lists of named things by their key', () => {
    const pod = {
      spec: {
        containers: [
          {
            name: 'a',
            image: 'a:1',
            env: [{ name: 'X', value: '1' }],
            ports: [{ containerPort: 80, name: 'http' }],
          },
          { name: 'b', image: 'b:1' },
        ],
      },
    };
    const patch = {
      spec: {
        containers: [
          {
            name: 'a',
            image: 'a:2',
            env: [{ name: 'Y', value: '2' }],
            ports: [{ containerPort: 80, protocol: 'UDP' }],
          },
          { name: 'c', image: 'c:1' },
        ],
      },
    };
    expect(patchObject(pod, 'strategic', patch)).toEqual({
      spec: {
        containers: [
          {
            name: 'a',
            image: 'a:2',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
            ports: [{ containerPort: 80, name: 'http', protocol: 'UDP' }],
          },
          { name: 'b', image: 'b:1' },
          { name: 'c', image: 'c:1' },
        ],
      },
    });
  });

  it('merges conditions by type', () => {
    const patch = {
      status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
    };
    const status = {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'PodScheduled', status: 'True' },
      ],
    };
    expect(patchObject({ status }, 'strategic', patch)).toEqual({
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
        ],
      },
    });
  });

  it.each(['taints', 'tolerations'])('replaces %s whole, as the real server does', (list) => {
    const object = { spec: { [list]: [{ key: 'a' }, { key: 'b' }] } };
    expect(patchObject(object, 'strategic', { spec: { [list]: [{ key: 'c' }] } })).toEqual({
      spec: { [list]: [{ key: 'c' }] },
    });
  });

  it('merges finalizers as a set, and ports of a Service by port', () => {
    const object = { metadata: { finalizers: ['a'] }, spec: { ports: [{ port: 80, name: 'x' }] } };
    const patch = { metadata: { finalizers: ['b', 'a'] }, spec: { ports: [{ port: 80, targetPort: 8080 }] } };
    expect(patchObject(object, 'strategic', patch)).toEqual({
      metadata: { finalizers: ['a', 'b'] },
      spec: { ports: [{ port: 80, name: 'x', targetPort: 8080 }] },
    });
  });

  it('follows its directives', () => {
    const object = {
      metadata: { finalizers: ['a', 'b'] },
      spec: {
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
        containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
        volumes: [{ name: 'v', emptyDir: {} }],
        nodeSelector: { x: '1', y: '2' },
      },
    };
    const patch = {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] },
      spec: {
        strategy: { $retainKeys: ['type'], type: 'Recreate' },
        '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }],
        containers: [{ name: 'b', $patch: 'delete' }],
        volumes: [{ name: 'w', hostPath: { path: '/' } }, { $patch: 'replace' }],
        nodeSelector: { $patch: 'replace', z: '3' },
      },
    };
    expect(patchObject(object, 'strategic', patch)).toEqual({
      metadata: { finalizers: ['b'] },
      spec: {
        strategy: { type: 'Recreate' },
        containers: [{ name: 'c' }, { name: 'a' }],
        volumes: [{ name: 'w', hostPath: { path: '/' } }],
        nodeSelector: { z: '3' },
      },
    });
  });

  it('needs the key of what it merges', () => {
    const patch = { spec: { containers: [{ image: 'x' }] } };
    expect(() => patchObject({ spec: { containers: [] } }, 'strategic', patch)).toThrow(
      expect.objectContaining({ code: 400 }),
    );
  });
});

describe('a patch over HTTP', () => {
  it('conflicts when it names an outdated version', () =>
    withServer({}, async (client) => {
      await client.post(CONFIG_MAPS, configMapBody('a'));
      const stale = await client.patch(`${CONFIG_MAPS}/a`, 'merge', { metadata: { resourceVersion: '1' } });
      expect(stale).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    }));

  it('cannot rename, nor change what the server owns', () =>
    withServer({}, async (client) => {
      const { body } = await client.post(PODS, podBody('a'));
      const renamed = await client.patch(`${PODS}/a`, 'merge', { metadata: { name: 'b' } });
      expect(renamed.code).toBe(400);
      const owned = await client.patch(`${PODS}/a`, 'merge', {
        metadata: {
          creationTimestamp: '2000-01-01T00:00:00Z',
          generation: 9,
          deletionTimestamp: '2000-01-01T00:00:00Z',
        },
      });
      expect(owned.body.metadata).toEqual(body.metadata);
    }));

  it('of server-side apply makes what is missing and merges into what is there', () =>
    withServer({}, async (client) => {
      const apply = (data: object) =>
        client.request(
          'PATCH',
          `${CONFIG_MAPS}/a?fieldManager=test`,
          { metadata: { name: 'a' }, data },
          {
            'content-type': 'application/apply-patch+yaml',
          },
        );
      expect((await apply({ x: '1' })).code).toBe(201);
      expect((await apply({ y: '2' })).body.data).toEqual({ x: '1', y: '2' });
    }));
});

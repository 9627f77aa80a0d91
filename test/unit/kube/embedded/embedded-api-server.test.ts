import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { ManualClock } from '../../../manual-clock.js';
import { CONFIG_MAPS, configMapBody, PODS, podBody, withServer } from './embedded-client.js';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

describe('objects over HTTP', () => {
  it('gives a new object its identity and version, and reads it back', () =>
    withServer({ clock: new ManualClock(Date.parse('2026-01-02T03:04:05Z')) }, async (client) => {
      const made = await client.post(PODS, podBody('a'));
      expect(made.code).toBe(201);
      expect(made.body.metadata).toMatchObject({
        name: 'a',
        namespace: 'default',
        generation: 1,
        creationTimestamp: '2026-01-02T03:04:05Z',
      });
      expect(made.body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect((await client.get(`${PODS}/a`)).body).toEqual(made.body);
    }));

  it('counts one version over all kinds', () =>
    withServer({}, async (client) => {
      const first = await client.post(CONFIG_MAPS, configMapBody('a'));
      const second = await client.post('/api/v1/nodes', { metadata: { name: 'n' } });
      expect(Number(second.body.metadata.resourceVersion)).toBe(
        Number(first.body.metadata.resourceVersion) + 1,
      );
    }));

  it('refuses a second object of the same name', () =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a'));
      const again = await client.post(PODS, podBody('a'));
      expect(again.code).toBe(409);
      expect(again.body).toMatchObject({
        kind: 'Status',
        reason: 'AlreadyExists',
        message: 'pods "a" already exists',
      });
    }));

  it('draws a name from generateName', () =>
    withServer({ random: () => 0 }, async (client) => {
      const made = await client.post(PODS, podBody('', {}, { generateName: 'web-' }));
      expect(made.body.metadata).toMatchObject({ name: 'web-bbbbb', generateName: 'web-' });
    }));

  it('refuses an update of an outdated version, and takes one without a version', () =>
    withServer({}, async (client) => {
      const { body } = await client.post(CONFIG_MAPS, configMapBody('a'));
      const changed = { ...body, data: { x: '1' } };
      expect((await client.put(`${CONFIG_MAPS}/a`, changed)).code).toBe(200);
      const stale = await client.put(`${CONFIG_MAPS}/a`, { ...body, data: { x: '2' } });
      expect(stale.code).toBe(409);
      expect(stale.body.reason).toBe('Conflict');
      expect(stale.body.message).toContain('the object has been modified');
      const blind = await client.put(`${CONFIG_MAPS}/a`, { metadata: { name: 'a' }, data: { x: '3' } });
      expect(blind.body.data).toEqual({ x: '3' });
    }));

  it('leaves the version alone when an update changes nothing', () =>
    withServer({}, async (client) => {
      const { body } = await client.post(CONFIG_MAPS, configMapBody('a'));
      expect((await client.put(`${CONFIG_MAPS}/a`, body)).body.metadata.resourceVersion).toBe(
        body.metadata.resourceVersion,
      );
    }));

  it('counts generations of what was asked for, not of labels', () =>
    withServer({}, async (client) => {
      const path = '/apis/apps/v1/namespaces/default/deployments';
      const template = {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      };
      await client.post(path, {
        metadata: { name: 'd' },
        spec: { selector: { matchLabels: { a: 'b' } }, template },
      });
      const labelled = await client.patch(`${path}/d`, 'merge', { metadata: { labels: { x: 'y' } } });
      expect(labelled.body.metadata.generation).toBe(1);
      const scaled = await client.patch(`${path}/d`, 'merge', { spec: { replicas: 3 } });
      expect(scaled.body.metadata.generation).toBe(2);
    }));

  it('deletes, and then does not find', () =>
    withServer({}, async (client) => {
      await client.post(CONFIG_MAPS, configMapBody('a'));
      const gone = await client.delete(`${CONFIG_MAPS}/a`);
      expect(gone.body).toMatchObject({
        kind: 'Status',
        status: 'Success',
        details: { name: 'a', kind: 'configmaps' },
      });
      const missing = await client.get(`${CONFIG_MAPS}/a`);
      expect(missing.code).toBe(404);
      expect(missing.body).toMatchObject({ reason: 'NotFound', message: 'configmaps "a" not found' });
    }));

  it('deletes only the object the preconditions name', () =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a'));
      const other = await client.delete(`${PODS}/a`, { preconditions: { uid: 'another' } });
      expect(other.code).toBe(409);
      expect((await client.get(`${PODS}/a`)).code).toBe(200);
    }));

  it('holds back what has finalizers until the last one goes', () =>
    withServer({}, async (client) => {
      await client.post(CONFIG_MAPS, { metadata: { name: 'a', finalizers: ['example.com/x'] } });
      const marked = await client.delete(`${CONFIG_MAPS}/a`);
      expect(marked.body.metadata.deletionTimestamp).toBeDefined();
      expect((await client.get(`${CONFIG_MAPS}/a`)).code).toBe(200);
      await client.patch(`${CONFIG_MAPS}/a`, 'merge', { metadata: { finalizers: null } });
      expect((await client.get(`${CONFIG_MAPS}/a`)).code).toBe(404);
    }));

  it('deletes a collection by selector', () =>
    withServer({}, async (client) => {
      await client.post(CONFIG_MAPS, configMapBody('a', { x: '1' }));
      await client.post(CONFIG_MAPS, configMapBody('b', { x: '2' }));
      const { body } = await client.delete(`${CONFIG_MAPS}?labelSelector=x%3D1`);
      expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['a']);
      expect((await client.get(CONFIG_MAPS)).body.items).toHaveLength(1);
    }));

  it('takes a namespace and what is in it away together, and creates nothing where there is none', () =>
    withServer({}, async (client) => {
      await client.post('/api/v1/namespaces', { metadata: { name: 'team' } });
      await client.post('/api/v1/namespaces/team/pods', podBody('a'));
      await client.delete('/api/v1/namespaces/team');
      expect((await client.get('/api/v1/pods')).body.items).toEqual([]);
      const orphan = await client.post('/api/v1/namespaces/team/pods', podBody('a'));
      expect(orphan.body).toMatchObject({ code: 404, message: 'namespaces "team" not found' });
    }));

  it('stores nothing in a dry run', () =>
    withServer({}, async (client) => {
      expect((await client.post(`${PODS}?dryRun=All`, podBody('a'))).code).toBe(201);
      expect((await client.get(`${PODS}/a`)).code).toBe(404);
    }));
});

describe('status', () => {
  it('is apart from the rest: each address changes its own part', () =>
    withServer({}, async (client) => {
      const { body } = await client.post(PODS, { ...podBody('a'), status: { phase: 'Running' } });
      expect(body.status.phase).toBe('Pending');
      const main = await client.patch(`${PODS}/a`, 'merge', {
        metadata: { labels: { x: 'y' } },
        status: { phase: 'Failed' },
      });
      expect(main.body).toMatchObject({ metadata: { labels: { x: 'y' } }, status: { phase: 'Pending' } });
      const status = await client.patch(`${PODS}/a/status`, 'strategic', {
        metadata: { labels: { x: 'z' } },
        spec: { nodeName: 'n' },
        status: { phase: 'Running', conditions: [{ type: 'PodScheduled', status: 'False' }] },
      });
      expect(status.body.status).toMatchObject({ phase: 'Running', qosClass: 'BestEffort' });
      expect(status.body.metadata.labels).toEqual({ x: 'y' });
      expect(status.body.spec.nodeName).toBeUndefined();
    }));

  it('is kept when a node is made, and capacity is what can be allocated', () =>
    withServer({}, async (client) => {
      const { body } = await client.post('/api/v1/nodes', {
        metadata: { name: 'n' },
        status: { capacity: { cpu: '4' } },
      });
      expect(body.status.allocatable).toEqual({ cpu: '4' });
    }));
});

describe('times of microseconds', () => {
  const lease = (renewTime: string) => ({
    metadata: { name: 'l' },
    spec: { renewTime, holderIdentity: 'a' },
  });

  it.each(['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123Z', 'soon'])(
    'are refused as %s in a Lease',
    (time) =>
      withServer({}, async (client) => {
        const { code, body } = await client.post(LEASES, lease(time));
        expect(code).toBe(400);
        expect(body.message).toContain('Lease in version "v1" cannot be handled as a Lease: parsing time');
      }),
  );

  it('are taken with six digits, and a Lease is only updated with its version', () =>
    withServer({}, async (client) => {
      const { code, body } = await client.post(LEASES, lease('2026-01-01T00:00:00.123456Z'));
      expect(code).toBe(201);
      const blind = await client.put(`${LEASES}/l`, lease('2026-01-01T00:00:01.000000Z'));
      expect(blind.body).toMatchObject({ code: 422, reason: 'Invalid' });
      expect((await client.put(`${LEASES}/l`, { ...body, spec: { holderIdentity: 'b' } })).code).toBe(200);
      expect((await client.put(`${LEASES}/l`, { ...body, spec: { holderIdentity: 'c' } })).code).toBe(409);
    }));
});

describe('bad input', () => {
  it.each([
    ['POST', PODS, '{"metadata":', 400],
    ['POST', PODS, '', 400],
    ['POST', PODS, '[1]', 400],
    ['POST', PODS, '"x"', 400],
    ['POST', PODS, 'null', 400],
    ['POST', PODS, '{"kind":"Node","apiVersion":"v1","metadata":{"name":"x"}}', 400],
    ['POST', PODS, '{"metadata":{"name":"x","namespace":"other"},"spec":{}}', 400],
    ['POST', PODS, '{"metadata":{"name":"x"},"spec":{"containers":"x"}}', 400],
    ['POST', PODS, '{"metadata":{"name":"x"},"spec":{"containers":[1]}}', 400],
    ['POST', PODS, '{"metadata":{"name":"x","labels":{"a":1}},"spec":{}}', 400],
    ['POST', PODS, '{"metadata":{"name":{}},"spec":{}}', 400],
    ['POST', PODS, '{"metadata":"x"}', 400],
    ['POST', PODS, '{"metadata":{"name":"x"},"__proto__":{"a":1}}', 400],
    ['POST', PODS, `{"metadata":{"name":"x"},"spec":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`, 400],
    ['POST', PODS, '{"metadata":{"name":"x"},"spec":{"containers":[]}}', 422],
    ['POST', PODS, '{"metadata":{"name":"X_Y"},"spec":{"containers":[{"name":"a","image":"i"}]}}', 422],
    ['POST', PODS, '{"metadata":{},"spec":{"containers":[{"name":"a","image":"i"}]}}', 422],
    [
      'POST',
      PODS,
      '{"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"i","resources":{"limits":{"cpu":"lots"}}}]}}',
      400,
    ],
    ['PUT', PODS, '{}', 405],
    ['POST', '/api/v1/pods', '{}', 405],
    ['GET', '/api/v1/nothing', undefined, 404],
    ['GET', '/apis/example.com/v1/things', undefined, 404],
    ['GET', '/somewhere', undefined, 404],
    ['GET', '/api/v1/namespaces/%zz/pods', undefined, 404],
    ['GET', '/openapi/v2', undefined, 404],
    ['GET', `${PODS}?labelSelector=a%20in%20(b`, undefined, 400],
    ['GET', `${PODS}?fieldSelector=spec.colour%3Dred`, undefined, 400],
    ['GET', `${PODS}?limit=many`, undefined, 400],
    ['GET', `${PODS}?resourceVersion=new`, undefined, 400],
    ['GET', `${PODS}?watch=1&resourceVersion=new`, undefined, 400],
    ['GET', `${PODS}?continue=abc`, undefined, 400],
    ['PATCH', `${PODS}/x`, '{}', 415],
  ])('%s %s %.80s is answered with a Status', (method, path, body, code) =>
    withServer({}, async (client) => {
      const answer = await client.request(method, path, body);
      expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', code });
      expect(answer.code).toBe(code);
      expect((await client.get('/readyz')).body).toBe('ok');
    }),
  );

  it('is cut off at three megabytes', () =>
    withServer({}, async (client) => {
      const body = { metadata: { name: 'big' }, data: { x: 'x'.repeat(3 * 1024 * 1024) } };
      const answer = await client.post(CONFIG_MAPS, body);
      expect(answer.body).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
    }));

  it('that is not even HTTP harms nobody else', () =>
    withServer({}, async (client, server) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      await new Promise<void>((resolve) => {
        socket.on('close', () => resolve());
        socket.resume();
        socket.write('nonsense\r\n\r\n');
      });
      expect((await client.get('/livez')).body).toBe('ok');
    }));
});

describe('discovery', () => {
  it('lists groups, kinds, verbs and short names', () =>
    withServer({}, async (client) => {
      const { body: groups } = await client.get('/apis');
      const names = groups.groups.map((group: { name: string }) => group.name);
      expect(names).toEqual(
        expect.arrayContaining(['apps', 'events.k8s.io', 'coordination.k8s.io', 'policy']),
      );
      const { body: core } = await client.get('/api/v1');
      const find = (name: string) =>
        core.resources.find((resource: { name: string }) => resource.name === name);
      expect(find('pods')).toMatchObject({
        kind: 'Pod',
        namespaced: true,
        singularName: 'pod',
        shortNames: ['po'],
      });
      expect(find('pods').verbs).toContain('watch');
      expect(find('pods/binding')).toMatchObject({ kind: 'Binding', verbs: ['create'] });
      expect((await client.get('/version')).body.gitVersion).toBe('v1.37.1-embedded');
      expect((await client.get('/openapi/v3')).body.paths).toHaveProperty('apis/apps/v1');
    }));

  it('answers reviews with yes', () =>
    withServer({}, async (client) => {
      const access = await client.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: {},
      });
      expect(access).toMatchObject({ code: 201, body: { status: { allowed: true } } });
      const token = await client.post('/apis/authentication.k8s.io/v1/tokenreviews', {
        spec: { token: 't' },
      });
      expect(token.body.status.authenticated).toBe(true);
    }));
});

describe('in the process', () => {
  it('the same objects are made, changed, bound, listed and deleted', () =>
    withServer({}, async (client, server) => {
      const made = server.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'a', labels: { app: 'x' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      });
      const ref = { apiVersion: 'v1', kind: 'Pod', name: 'a' };
      expect(server.get(ref)).toEqual(made);
      server.patch(ref, { metadata: { labels: { tier: 'y' } } });
      server.bind({ name: 'a', uid: made.metadata.uid ?? '' }, 'n1');
      server.patch(ref, { status: { phase: 'Running' } }, { subresource: 'status' });
      const [listed] = server.list({ apiVersion: 'v1', kind: 'Pod', fieldSelector: 'spec.nodeName=n1' });
      expect(listed).toMatchObject({
        metadata: { labels: { app: 'x', tier: 'y' } },
        spec: { nodeName: 'n1' },
        status: { phase: 'Running' },
      });
      expect((await client.get(`${PODS}/a`)).body).toEqual(listed);
      expect(server.delete(ref)?.metadata.name).toBe('a');
      expect(server.delete(ref)).toBeUndefined();
      expect(server.get(ref)).toBeUndefined();
    }));

  it('hands out copies', () =>
    withServer({}, async (_client, server) => {
      const made = server.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a' },
        data: { x: '1' },
      });
      (made.data as Record<string, string>).x = '2';
      expect(server.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a' })?.data).toEqual({ x: '1' });
    }));

  it('a cluster can be set up with the status it is to have', () =>
    withServer({}, async (_client, server) => {
      const body = { ...podBody('a', { nodeName: 'n' }), status: { phase: 'Running' } };
      const made = server.create(body as never, { keepStatus: true });
      expect(made).toMatchObject({
        spec: { nodeName: 'n' },
        status: { phase: 'Running', qosClass: 'BestEffort' },
      });
    }));

  it('prints a kubeconfig that leads to it', () =>
    withServer({}, async (_client, server) => {
      const config = parse(server.kubeconfig());
      expect(config).toMatchObject({ kind: 'Config', 'current-context': 'embedded' });
      expect(config.clusters[0].cluster.server).toBe(server.url);
    }));
});

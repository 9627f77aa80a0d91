import { describe, expect, it } from '@jest/globals';
import {
  CONFIG_MAPS,
  configMapBody,
  type EmbeddedClient,
  PODS,
  podBody,
  withServer,
} from './embedded-client.js';

interface List {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

const namesOf = (list: List): string[] => list.items.map(({ metadata }) => metadata.name);

const select = async (
  client: EmbeddedClient,
  path: string,
  query: Record<string, string>,
): Promise<string[]> => {
  const { body } = await client.get(`${path}?${new URLSearchParams(query)}`);
  return namesOf(body);
};

describe('a list', () => {
  it('is of its namespace or of all, in order, with its version and bare items', () =>
    withServer({}, async (client) => {
      for (const name of ['b', 'a']) await client.post(CONFIG_MAPS, configMapBody(name));
      const last = await client.post('/api/v1/namespaces/kube-system/configmaps', configMapBody('z'));
      const { body } = await client.get(CONFIG_MAPS);
      expect(body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
      expect(body.metadata.resourceVersion).toBe(last.body.metadata.resourceVersion);
      expect(namesOf(body)).toEqual(['a', 'b']);
      expect(body.items[0].kind).toBeUndefined();
      expect(namesOf((await client.get('/api/v1/configmaps')).body)).toEqual(['a', 'b', 'z']);
    }));

  it('of all namespaces is in the order of their names, whatever these have in common', () =>
    withServer({}, async (client) => {
      for (const namespace of ['a-b', 'a']) {
        await client.post('/api/v1/namespaces', { metadata: { name: namespace } });
        for (const name of ['y', 'x']) {
          await client.post(
            `/api/v1/namespaces/${namespace}/configmaps`,
            configMapBody(`${namespace}-${name}`),
          );
        }
      }
      const { body } = await client.get('/api/v1/configmaps');
      expect(namesOf(body)).toEqual(['a-x', 'a-y', 'a-b-x', 'a-b-y']);
    }));

  it.each([
    ['x=1', ['a']],
    ['x==1', ['a']],
    ['x!=1', ['b', 'c']],
    ['x', ['a', 'b']],
    ['!x', ['c']],
    ['x in (1, 2)', ['a', 'b']],
    ['x notin (1)', ['b', 'c']],
    ['x,x!=1', ['b']],
    ['x>1', ['b']],
    ['', ['a', 'b', 'c']],
  ])('by labels "%s" is %j', (labelSelector, expected) =>
    withServer({}, async (client) => {
      await client.post(CONFIG_MAPS, configMapBody('a', { x: '1' }));
      await client.post(CONFIG_MAPS, configMapBody('b', { x: '2' }));
      await client.post(CONFIG_MAPS, configMapBody('c', { y: '1' }));
      expect(await select(client, CONFIG_MAPS, { labelSelector })).toEqual(expected);
    }),
  );

  it.each([
    ['metadata.name=a', ['a']],
    ['metadata.name!=a', ['b', 'c']],
    ['spec.nodeName=', ['b', 'c']],
    ['spec.nodeName=n1', ['a']],
    ['spec.nodeName!=', ['a']],
    ['spec.schedulerName=berth', ['b']],
    ['status.phase=Pending', ['a', 'b', 'c']],
    ['status.phase!=Succeeded,status.phase!=Failed,spec.nodeName=n1', ['a']],
    ['metadata.namespace=default,metadata.name=c', ['c']],
  ])('by fields "%s" is %j', (fieldSelector, expected) =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a', { nodeName: 'n1' }));
      await client.post(PODS, podBody('b', { schedulerName: 'berth' }));
      await client.post(PODS, podBody('c'));
      expect(await select(client, '/api/v1/pods', { fieldSelector })).toEqual(expected);
    }),
  );

  it('of a version still to come is refused with the cause clients look for', () =>
    withServer({}, async (client) => {
      const { code, body } = await client.get(`${PODS}?resourceVersion=999999`);
      expect(code).toBe(504);
      expect(body.details.causes[0].reason).toBe('ResourceVersionTooLarge');
    }));
});

describe('pages of a list', () => {
  it('show the state of the first page whatever happens in between', () =>
    withServer({}, async (client) => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) await client.post(CONFIG_MAPS, configMapBody(name));
      const first = (await client.get(`${CONFIG_MAPS}?limit=2`)).body;
      expect(namesOf(first)).toEqual(['a', 'b']);
      expect(first.metadata.remainingItemCount).toBe(3);
      await client.delete(`${CONFIG_MAPS}/c`);
      await client.post(CONFIG_MAPS, configMapBody('bb'));
      await client.patch(`${CONFIG_MAPS}/d`, 'merge', { data: { x: 'new' } });
      const token = first.metadata.continue;
      const second = (await client.get(`${CONFIG_MAPS}?limit=2&continue=${token}`)).body;
      expect(namesOf(second)).toEqual(['c', 'd']);
      expect(second.items[1].data).toBeUndefined();
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      const third = (await client.get(`${CONFIG_MAPS}?limit=2&continue=${second.metadata.continue}`)).body;
      expect(namesOf(third)).toEqual(['e']);
      expect(third.metadata.continue).toBeUndefined();
    }));

  it('can be read again, and belong to one list', () =>
    withServer({}, async (client) => {
      for (const name of ['a', 'b', 'c']) await client.post(CONFIG_MAPS, configMapBody(name));
      const token = (await client.get(`${CONFIG_MAPS}?limit=1`)).body.metadata.continue;
      for (let time = 0; time < 2; time += 1) {
        expect(await select(client, CONFIG_MAPS, { limit: '1', continue: token })).toEqual(['b']);
      }
      expect((await client.get(`${PODS}?limit=1&continue=${token}`)).code).toBe(400);
    }));

  it('are gone with the history', () =>
    withServer({}, async (client, server) => {
      for (const name of ['a', 'b']) await client.post(CONFIG_MAPS, configMapBody(name));
      const token = (await client.get(`${CONFIG_MAPS}?limit=1`)).body.metadata.continue;
      server.expireHistory();
      const { code, body } = await client.get(`${CONFIG_MAPS}?limit=1&continue=${token}`);
      expect(code).toBe(410);
      expect(body.reason).toBe('Expired');
    }));

  it('are not made of a list at version 0', () =>
    withServer({}, async (client) => {
      for (const name of ['a', 'b']) await client.post(CONFIG_MAPS, configMapBody(name));
      expect(await select(client, CONFIG_MAPS, { limit: '1', resourceVersion: '0' })).toEqual(['a', 'b']);
    }));
});

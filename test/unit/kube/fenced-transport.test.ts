import { describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/kube/api-client.js';
import { loadCredentials } from '../../../src/kube/credentials.js';
import { fencedTransport } from '../../../src/kube/fenced-transport.js';
import { withServer } from './embedded/embedded-client.js';

const namespaces = '/api/v1/namespaces';
const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

describe('a write that waits for its turn', () => {
  it('does not leave when the right to write was lost meanwhile; reading goes on', () =>
    withServer({}, async (_client, server) => {
      const client = new ApiClient(loadCredentials({ server: server.url }), { qps: 10, burst: 1 });
      let open = true;
      const fenced = fencedTransport(client, { mayWrite: () => open });
      try {
        await fenced.request({ method: 'POST', path: namespaces, body: namespace('in-time') });
        // The budget of requests is spent: this one has to wait.
        const late = fenced.request({ method: 'POST', path: namespaces, body: namespace('late') });
        open = false;
        await expect(late).rejects.toMatchObject({ failure: 'aborted' });
        const { items } = await fenced.request<{ items: { metadata: { name: string } }[] }>({
          method: 'GET',
          path: namespaces,
        });
        const names = items.map(({ metadata }) => metadata.name);
        expect([names.includes('in-time'), names.includes('late')]).toEqual([true, false]);
      } finally {
        await client.close();
      }
    }));
});

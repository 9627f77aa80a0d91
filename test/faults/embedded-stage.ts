import { startEmbeddedApiServer } from '../../src/kube/embedded/embedded-api-server.js';
import type { Random } from '../../src/random.js';
import { EmbeddedCluster } from './embedded-cluster.js';
import type { Stage } from './stage.js';

/** The embedded API server in this process. Bookmarks come often, because time may pass fast. */
export async function embeddedStage(random: Random): Promise<Stage> {
  const server = await startEmbeddedApiServer({ bookmarkIntervalMs: 400, watchHistory: 5_000, random });
  return {
    api: new EmbeddedCluster(server),
    url: server.url,
    certificateAuthority: undefined,
    token: undefined,
    leaseNamespace: 'kube-system',
    nodeAnnotations: {},
    expireHistory: async () => server.expireHistory(),
    restart: undefined,
    close: () => server.close(),
  };
}

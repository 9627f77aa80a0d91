// A large package of which little is used: what is left out is neither read, parsed nor kept in memory at each start.
import { dirname, join } from 'node:path';

/** Imports that lead to less than they name, and the CommonJS or ES module that takes the place of the whole. */
const parts = {
  // Reading kubeconfigs and what they say about credentials.
  '@kubernetes/client-node': `export { KubeConfig } from '@kubernetes/client-node/dist/config.js';`,
  // What config.js of client-node imports for clients and agents of its own. Berth asks for neither, and refuses kubeconfigs with a proxy.
  'node-fetch': `export const Headers = undefined;`,
  'socks-proxy-agent': `export class SocksProxyAgent {}`,
  hpagent: `export class HttpProxyAgent {} export class HttpsProxyAgent {}`,
};

/** The same of the models and calls of all API groups. */
const clientNodeIndex = `export const createConfiguration = undefined, ServerConfiguration = undefined;`;

/** A plugin for esbuild. */
export function slimClientNode() {
  return {
    name: 'slim-client-node',
    setup(build) {
      const root = build.initialOptions.absWorkingDir;
      build.onResolve({ filter: /^[^.]/ }, ({ path }) =>
        Object.hasOwn(parts, path) ? { path, namespace: 'part' } : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({
        contents: parts[path],
        resolveDir: root,
      }));
      // The package shows only its index to others.
      build.onResolve({ filter: /^@kubernetes\/client-node\/dist\/config\.js$/ }, ({ path }) => ({
        path: join(root, 'node_modules', path),
      }));
      build.onLoad({ filter: /client-node\/dist\/gen\/index\.js$/ }, ({ path }) => ({
        contents: clientNodeIndex,
        resolveDir: dirname(path),
      }));
    },
  };
}

// Two large packages of which little is used: what is left out is neither read, parsed nor kept in memory at each start.
import { dirname, join } from 'node:path';

/** Imports that lead to less than they name, and the CommonJS or ES module that takes the place of the whole. */
const parts = {
  // Pools of connections and their requests, without fetch, WebSocket, caches, mocks and proxies.
  undici: `
    const Dispatcher = require('undici/lib/dispatcher/dispatcher');
    Object.assign(Dispatcher.prototype, require('undici/lib/api'));
    exports.Pool = require('undici/lib/dispatcher/pool');`,
  // Reading kubeconfigs and what they say about credentials.
  '@kubernetes/client-node': `export { KubeConfig } from '@kubernetes/client-node/dist/config.js';`,
};

/** Of the models and calls of all API groups, config.js of client-node needs these to make a client, which Berth never asks it for. */
const clientNodeIndex = `
  export { createConfiguration } from './configuration.js';
  export { ServerConfiguration } from './servers.js';`;

/** A plugin for esbuild. */
export function slimPackages() {
  return {
    name: 'slim-packages',
    setup(build) {
      const root = build.initialOptions.absWorkingDir;
      build.onResolve({ filter: /^(undici|@kubernetes\/client-node)$/ }, ({ path }) => ({
        path,
        namespace: 'part',
      }));
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

// A large package of which little is used: what is left out is neither read, parsed nor kept in memory at each start.
import { dirname, join } from 'node:path';

/** Reading kubeconfigs and what they say about credentials, in the place of the whole. */
const clientNode = `export { KubeConfig } from '@kubernetes/client-node/dist/config.js';`;

/** Of the models and calls of all API groups, config.js of client-node needs these to make a client, which Berth never asks it for. */
const clientNodeIndex = `
  export { createConfiguration } from './configuration.js';
  export { ServerConfiguration } from './servers.js';`;

/** A plugin for esbuild. */
export function slimClientNode() {
  return {
    name: 'slim-client-node',
    setup(build) {
      const root = build.initialOptions.absWorkingDir;
      build.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ path }) => ({
        path,
        namespace: 'part',
      }));
      build.onLoad({ filter: /./, namespace: 'part' }, () => ({
        contents: clientNode,
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

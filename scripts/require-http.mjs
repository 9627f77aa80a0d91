// Takes Node.js' own HTTP modules by require() instead of import. An import reads every property of a module at once, to offer it by name, and
// since Node.js 24 some properties of `http` load all of fetch and WebSocket when they are read: megabytes in each thread for what nobody uses.
const names = /^(node:)?https?$/;

/** A plugin for esbuild. */
export function requireHttp() {
  return {
    name: 'require-http',
    setup(build) {
      build.onResolve({ filter: names }, ({ path, kind }) =>
        kind === 'require-call' ? { path, external: true } : { path, namespace: 'required' },
      );
      build.onLoad({ filter: names, namespace: 'required' }, ({ path }) => ({
        contents: `module.exports = require('${path}');`,
      }));
    },
  };
}

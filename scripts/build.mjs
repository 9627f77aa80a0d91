// Bundles the program into dist/: one file per entry, so that the image ships no node_modules.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { requireHttp } from './require-http.mjs';
import { slimClientNode } from './slim-client-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const quiet = process.argv.includes('--quiet');

const entries = {
  berth: 'src/main.ts',
  'lease-worker': 'src/kube/lease-worker.ts',
  'plugin-module-hooks': 'src/plugin-host/module-hooks.ts',
  'plugin-api': 'src/plugin-api.ts',
  testing: 'src/testing/testing.ts',
  conformance: 'test/conformance/main.ts',
  controlplane: 'test/controlplane/main.ts',
  realcluster: 'test/realcluster/main.ts',
  oracle: 'test/oracle/main.ts',
  bench: 'test/bench/cluster/main.ts',
  'bench-binder': 'test/bench/cluster/binder/main.ts',
  'bench-engine': 'test/bench/engine/main.ts',
  faults: 'test/faults/main.ts',
  fuzz: 'test/fuzz/main.ts',
  soak: 'test/soak/main.ts',
  'soak-probe': 'test/soak/probe.ts',
};
const present = Object.fromEntries(
  Object.entries(entries).filter(([, path]) => existsSync(`${root}/${path}`)),
);

await build({
  absWorkingDir: root,
  entryPoints: present,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // V8 keeps the text of a program in memory: without comments and blanks it is half as long, and of one byte for each character. Names
  // and lines stay, for stack traces; where in the sources a line comes from, the map tells.
  minifyWhitespace: true,
  lineLimit: 160,
  charset: 'ascii',
  legalComments: 'linked',
  sourcemap: 'linked',
  sourcesContent: false,
  define: { BERTH_VERSION: JSON.stringify(version) },
  plugins: [slimClientNode(), requireHttp()],
  // winston and prom-client are CommonJS and call require() for Node's own modules.
  banner: {
    js: "import { createRequire as berthCreateRequire } from 'node:module'; const require = berthCreateRequire(import.meta.url);",
  },
  logLevel: quiet ? 'error' : 'info',
});

// One character beyond ASCII, in a regular expression for example, and the text takes twice the memory.
for (const name of ['berth', 'lease-worker']) {
  const beyond = /.{0,40}[^\0-\x7f].{0,40}/.exec(readFileSync(`${root}/dist/${name}.js`, 'latin1'));
  if (beyond !== null) throw new Error(`dist/${name}.js is not all ASCII: … ${beyond[0]} …`);
}

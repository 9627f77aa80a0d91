// Makes `npm run demo` and `npm test` work on a fresh clone: installs exactly the lockfile when node_modules is
// absent or older than the lockfile, and says nothing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lock = `${root}/package-lock.json`;
const installed = `${root}/node_modules/.package-lock.json`;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Berth needs Node.js 20.19 or later; this is ${process.versions.node}. Install a newer Node.js and run the command again.`,
  );
  process.exit(1);
}

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  console.error('Installing dependencies (first run) ...');
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.error !== undefined || result.status !== 0) {
    console.error(
      `Installing dependencies failed${result.error ? `: ${result.error.message}` : ''}. Check that npm reaches its registry, then run \`npm ci\`.`,
    );
    process.exit(1);
  }
}

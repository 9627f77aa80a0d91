import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Integration tests run the bundle as it ships, so it is built before the first of them starts. */
export default function buildOnce() {
  const result = spawnSync(
    process.execPath,
    [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url)), '--quiet'],
    { stdio: 'inherit' },
  );
  if (result.status !== 0) throw new Error('the bundle could not be built; run `npm run build` to see why');
}

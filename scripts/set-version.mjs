// Runs within `npm version X.Y.Z`, after package.json has the new version: brings it to everything that names it, dates the section of the
// changelog, and leaves the commit and the tag to npm.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Every place at which the version is written, as what precedes it on its line. */
const places = [
  ['Dockerfile', /^(ARG VERSION=).*$/m],
  ['charts/berth/Chart.yaml', /^(version: ).*$/m],
  ['charts/berth/Chart.yaml', /^(appVersion: ).*$/m],
  ['manifests/base/deployment.yaml', /^( *image: berth:).*$/m],
  ...readdirSync(join(root, 'manifests'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('kustomization.yaml'))
    .filter((path) =>
      readFileSync(join(root, 'manifests', path), 'utf8').includes('app.kubernetes.io/version'),
    )
    .map((path) => [join('manifests', path), /^( *app\.kubernetes\.io\/version: ).*$/m]),
];
for (const [path, pattern] of places) change(path, pattern, (_line, before) => `${before}${version}`);

const today = new Date().toISOString().slice(0, 10);
change('CHANGELOG.md', /^## Unreleased$/m, () => `## Unreleased\n\n## ${version} (${today})`);

function change(path, pattern, replacement) {
  const file = join(root, path);
  const text = readFileSync(file, 'utf8');
  if (!pattern.test(text)) throw new Error(`${path} has no line like ${pattern}`);
  writeFileSync(file, text.replace(pattern, replacement));
}

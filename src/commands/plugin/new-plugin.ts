import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTreePlugins } from '../../config/in-tree-plugins.js';
import { BerthError } from '../../errors.js';
import type { CommandContext } from '../command-context.js';
import type { NewPluginOptions } from '../plugin-command.js';
import { pluginTemplate } from './plugin-template.js';

/** Writes a folder to begin a plugin with. Throws `BerthError` rather than overwrite anything; returns the exit code 0. */
export function newPluginCommand({ name, point, folder }: NewPluginOptions, context: CommandContext): number {
  if (!/^[A-Z][A-Za-z0-9]*$/.test(name) || inTreePlugins.has(name)) {
    const reason = inTreePlugins.has(name) ? 'is a plugin of kube-scheduler' : 'is no name for a plugin';
    const problem = `${JSON.stringify(name)} ${reason}; names look like NodeAnnotationScore`;
    throw new BerthError('BERTH_E_USAGE', { problem, command: 'berth plugin new' });
  }
  const file = kebabCase(name);
  const target = resolve(folder ?? file);
  if (existsSync(target) && readdirSync(target).length > 0) {
    const problem = `${target} is not empty; nothing was written`;
    throw new BerthError('BERTH_E_USAGE', { problem, command: 'berth plugin new' });
  }
  mkdirSync(target, { recursive: true });
  const berth = ownPackage();
  const files = pluginTemplate({ name, file, point, berth });
  for (const [path, content] of files) writeFileSync(join(target, path), content);
  context.stdout.write(
    [
      `Made ${target} with ${[...files.keys()].join(', ')}.`,
      '',
      `  cd ${folder ?? file}`,
      `  berth plugin check ${file}.ts      # does it load?`,
      ...(berth === undefined
        ? ['  npm install --save-dev FOLDER      # a checkout of Berth, after "npm run build"']
        : []),
      '  npm install && npm test      # does it decide as it should?',
      '  berth run --config berth.yaml --leader-elect=false',
      '',
    ].join('\n'),
  );
  return 0;
}

/** `NodeAnnotationScore` → `node-annotation-score`, `GPUScore` → `gpu-score`. */
export function kebabCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
}

/**
 * How a package.json names the Berth that runs here: by its folder, where that has the test kit. Never by its name alone: the package
 * `berth` of npm's registry is another project.
 */
function ownPackage(): string | undefined {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  return existsSync(join(root, 'dist', 'testing.js')) ? `file:${root}` : undefined;
}

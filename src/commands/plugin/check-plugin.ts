import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { systemClock } from '../../clock.js';
import { ClusterState } from '../../cluster/cluster-state.js';
import { pluginModuleDefaults } from '../../config/berth-configuration.js';
import { formatPath } from '../../config/field-problem.js';
import { loadConfiguration } from '../../config/load.js';
import { BerthError } from '../../errors.js';
import type { RegisteredPlugin } from '../../framework/registry.js';
import type { SchemaIssue } from '../../framework/standard-schema.js';
import { loadPluginModule } from '../../plugin-host/load-plugin-module.js';
import { importPluginModule } from '../../plugin-host/module-importer.js';
import { pluginFrame } from '../../plugin-host/module-url.js';
import { checkArgs, issuePath } from '../../plugin-host/plugin-checks.js';
import { PluginHost } from '../../plugin-host/plugin-host.js';
import { createInTreeRegistry } from '../../plugins/in-tree.js';
import { buildProfiles } from '../../scheduler/build-profiles.js';
import type { CommandContext } from '../command-context.js';
import type { CheckPluginOptions } from '../plugin-command.js';

/** Nothing that a plugin does in the background is begun, and nobody reads its log. */
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const inert = { clock: systemClock, log: quiet, background: false } as const;

/**
 * Loads a module, or what a configuration names, as `berth run` would, and makes the plugins, without a cluster. Throws `BerthError` on
 * what is wrong; resolves to the exit code 0.
 */
export async function checkPluginCommand(
  options: CheckPluginOptions,
  context: CommandContext,
): Promise<number> {
  const isConfiguration = /\.(ya?ml|json)$/.test(options.file);
  const lines = isConfiguration ? await checkConfiguration(options.file) : await checkModule(options);
  context.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

async function checkConfiguration(file: string): Promise<string[]> {
  const configuration = loadConfiguration(file, {}, { allowDefaultLease: true });
  const host = await PluginHost.load(configuration, inert);
  try {
    const registry = createInTreeRegistry({ bind: async () => undefined });
    for (const plugin of host.registered) registry.register(plugin);
    const profiles = buildProfiles(configuration, { registry, cluster: new ClusterState() });
    const enabledIn = (name: string): string =>
      Array.from(profiles.values())
        .filter(({ all }) => all.some((plugin) => plugin.name === name))
        .map(({ schedulerName }) => schedulerName)
        .join(', ');
    if (host.registered.length === 0) return [`${file}: no plugins from modules`];
    return [
      ...host.registered.map(
        (plugin) => `${file}: ${describe(plugin)}, in profiles: ${enabledIn(plugin.name) || 'none'}`,
      ),
      ...host.warnings.map((warning) => `${file}: warning: ${warning}`),
    ];
  } finally {
    host.close();
  }
}

async function checkModule({ file, args: text }: CheckPluginOptions): Promise<string[]> {
  const module = resolve(file);
  const given = text === undefined ? undefined : parseArgs(text);
  const { definition } = await loadPluginModule(
    { ...pluginModuleDefaults, name: undefined, module, folder: dirname(module), where: file },
    { importModule: importPluginModule, generation: '0' },
  );
  const { name } = definition;
  const settings = { ...pluginModuleDefaults, name };
  const host = PluginHost.of([{ definition, settings, file: module }], inert);
  try {
    const [plugin] = host.registered as readonly [RegisteredPlugin];
    const { issues } = checkArgs(definition.args, given);
    if (issues !== undefined && given === undefined) {
      return [`${file}: ${describe(plugin)}; it needs arguments: give some with --args to have it made`];
    }
    if (issues !== undefined) throw refuseArgs(issues, file);
    plugin.create(given, { profile: 'check', cluster: new ClusterState() });
    return [`${file}: ${describe(plugin)}`];
  } catch (thrown) {
    if (thrown instanceof BerthError) throw thrown;
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    const frame = pluginFrame(thrown);
    const where = frame === undefined ? `${file}:1:1` : `${frame.file}:${frame.line}:${frame.column}`;
    throw new BerthError('BERTH_E_CONFIG_INVALID', { problem }, { where, cause: thrown });
  } finally {
    host.close();
  }
}

function refuseArgs([issue]: readonly SchemaIssue[], file: string): BerthError {
  const field = issue === undefined ? '' : formatPath(issuePath(issue));
  const problem = `${field === '' ? '' : `${field}: `}${issue?.message}`;
  return new BerthError('BERTH_E_FLAG_VALUE', {
    flag: 'args',
    problem,
    expected: `what args in ${file} describes`,
  });
}

function parseArgs(text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const facts = {
      flag: 'args',
      problem: `${JSON.stringify(text)} is not YAML`,
      expected: 'a mapping such as "{size: 3}"',
    };
    throw new BerthError('BERTH_E_FLAG_VALUE', facts, { cause });
  }
}

function describe({ name, points, reads = [] }: RegisteredPlugin): string {
  const reading = reads.length === 0 ? '' : `, reads ${reads.join(', ')}`;
  return `plugin ${name} is fine: ${points.join(', ')}${reading}`;
}

import { readFileSync } from 'node:fs';
import { type PluginModuleConfiguration, separateDocuments } from '../config/berth-configuration.js';
import { type FieldPath, formatPath } from '../config/field-problem.js';
import type { EffectiveConfiguration, ProfileConfiguration } from '../config/scheduler-configuration.js';
import { YamlSource } from '../config/yaml-source.js';
import { BerthError } from '../errors.js';
import { extensionPoints } from '../framework/plugin.js';
import type { SchemaIssue, SchemaResult, StandardSchema } from '../framework/standard-schema.js';
import type { LoadedPluginModule } from './load-plugin-module.js';

/** A loaded module, with what the configuration says of it. */
export interface ConfiguredModule extends LoadedPluginModule {
  readonly configuration: PluginModuleConfiguration;
}

/** What profiles ask of plugins, held against what the plugins are. Each throws `BerthError` with exit code 2 at the first mismatch. */
export function checkProfiles(
  configuration: EffectiveConfiguration,
  modules: readonly ConfiguredModule[],
): void {
  for (const [index, profile] of configuration.profiles.entries()) {
    for (const module of modules) {
      checkPoints(configuration, index, profile, module);
      checkProfileArgs(configuration, index, profile, module);
    }
  }
}

/** Plugins that were loaded for nothing, each as a sentence. */
export function unusedPlugins(
  { profiles }: EffectiveConfiguration,
  modules: readonly ConfiguredModule[],
): string[] {
  const enabled = new Set(
    profiles.flatMap(({ plugins }) =>
      Object.values(plugins).flatMap((set) => set.enabled.map(({ name }) => name)),
    ),
  );
  return modules
    .filter(({ configuration }) => !enabled.has(configuration.name))
    .map(({ configuration: { name } }) => `plugin "${name}" is loaded, but no profile enables it`);
}

function checkPoints(
  configuration: EffectiveConfiguration,
  profileIndex: number,
  { plugins }: ProfileConfiguration,
  { configuration: { name }, definition, file }: ConfiguredModule,
): void {
  for (const point of extensionPoints) {
    const index = plugins[point].enabled.findIndex((entry) => entry.name === name);
    if (index < 0 || definition.points.includes(point)) continue;
    const text = `plugin "${name}" has no ${point}: ${file} names the points ${definition.points.join(', ')}; enable it at those, or at multiPoint for all of them`;
    const pathInFile = (data: unknown): FieldPath => {
      const written = listAt(data, ['profiles', profileIndex, 'plugins', point, 'enabled']);
      const place = written.findIndex((entry) => (entry as { readonly name?: unknown }).name === name);
      return ['profiles', profileIndex, 'plugins', point, 'enabled', place];
    };
    throw refuse(configuration, pathInFile, text);
  }
}

function checkProfileArgs(
  configuration: EffectiveConfiguration,
  profileIndex: number,
  { pluginConfig }: ProfileConfiguration,
  { configuration: { name }, definition, file }: ConfiguredModule,
): void {
  const given = pluginConfig.find((entry) => entry.name === name)?.args;
  const answer = checkArgs(definition.args, given);
  if (answer.issues === undefined) return;
  const [issue] = answer.issues as readonly [SchemaIssue, ...SchemaIssue[]];
  const inArgs = issuePath(issue);
  const pathInFile = (data: unknown): FieldPath => {
    const written = listAt(data, ['profiles', profileIndex, 'pluginConfig']);
    const place = written.findIndex((entry) => (entry as { readonly name?: unknown }).name === name);
    return place < 0
      ? ['profiles', profileIndex]
      : ['profiles', profileIndex, 'pluginConfig', place, 'args', ...inArgs];
  };
  const field = inArgs.length === 0 ? 'args' : `args.${formatPath(inArgs)}`;
  const missing = given === undefined ? ' (there is no pluginConfig entry for it)' : '';
  throw refuse(
    configuration,
    pathInFile,
    `${field} of plugin "${name}"${missing}: ${issue.message}; see args in ${file}`,
  );
}

/** Checks arguments by a plugin's schema, and fills in defaults. A plugin without a schema takes none. */
export function checkArgs(schema: StandardSchema | undefined, given: unknown): SchemaResult<unknown> {
  if (schema === undefined) {
    const isEmpty = given === undefined || Object.keys(given as object).length === 0;
    return isEmpty ? { value: undefined } : { issues: [{ message: 'the plugin takes no arguments' }] };
  }
  const answer = schema['~standard'].validate(given ?? {});
  if (answer instanceof Promise) {
    answer.catch(() => undefined);
    return { issues: [{ message: 'the schema is asynchronous, which it must not be' }] };
  }
  return answer;
}

export function issuePath({ path = [] }: SchemaIssue): FieldPath {
  return path.map((part) => {
    const key = typeof part === 'object' ? part.key : part;
    return typeof key === 'number' ? key : String(key);
  });
}

function refuse(
  { source }: EffectiveConfiguration,
  pathInFile: (data: unknown) => FieldPath,
  problem: string,
): BerthError {
  const where = source === undefined ? undefined : placeInFile(source, pathInFile);
  return new BerthError('BERTH_E_CONFIG_INVALID', { problem }, where === undefined ? {} : { where });
}

/** `file:line:column`: the nearest place that the file has. Read again, because nobody keeps places for what is right. */
function placeInFile(path: string, pathInFile: (data: unknown) => FieldPath): string {
  try {
    const parsed = YamlSource.parse(separateDocuments(readFileSync(path, 'utf8')).scheduler);
    if (!parsed.ok) return path;
    const field = pathInFile(parsed.source.toData());
    for (let length = field.length; length > 0; length--) {
      const position = parsed.source.positionOf(field.slice(0, length));
      if (position !== undefined) return `${path}:${position.line}:${position.column}`;
    }
  } catch {
    // The file was there a moment ago; that it is gone is not what is to be told.
  }
  return path;
}

function listAt(data: unknown, path: FieldPath): readonly unknown[] {
  const found = path.reduce<unknown>(
    (value, part) => (value as Readonly<Record<string | number, unknown>> | null | undefined)?.[part],
    data,
  );
  return Array.isArray(found) ? found : [];
}

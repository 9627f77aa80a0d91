import {
  type BerthConfiguration,
  decodeBerthConfiguration,
  noBerthConfiguration,
  separateDocuments,
} from './berth-configuration.js';
import type { FieldPath } from './field-problem.js';
import type { PluginCatalog } from './in-tree-plugins.js';
import { formatPlace, type PlacedProblem, placeOf } from './problem-place.js';
import { pluginSetKeys } from './scheduler-configuration.js';
import type { ProfileFile } from './schema.js';
import { YamlSource } from './yaml-source.js';

export interface BerthConfigurationSources {
  /** Path of the configuration file, and its BerthConfiguration, when it has one. */
  readonly path: string | undefined;
  readonly document: string | undefined;
  /** A file of its own, given with --berth-config. */
  readonly ownPath: string | undefined;
  readonly readFile: (path: string) => string;
}

export interface BerthInspection {
  /** Not to be used while there are problems. */
  readonly configuration: BerthConfiguration;
  readonly problems: readonly PlacedProblem[];
}

/** The BerthConfiguration that stands in the configuration file, or in a file of its own, or nowhere: then it is empty. Never throws. */
export function inspectBerthConfiguration(sources: BerthConfigurationSources): BerthInspection {
  const { path, document, ownPath, readFile } = sources;
  if (ownPath === undefined) {
    return path === undefined || document === undefined ? nothing([]) : inspect(path, document);
  }
  if (document !== undefined) {
    const text = `--berth-config: the BerthConfiguration is given twice: in ${path} and in ${ownPath}`;
    return nothing([{ kind: 'flag', path: [], text, suggestion: 'keep one of the two', place: undefined }]);
  }
  let text: string;
  try {
    text = readFile(ownPath);
  } catch (error) {
    return giveUp('unreadable', ownPath, messageOf(error));
  }
  // A file of its own may hold whatever it claims to be: what is not ours is refused with its place.
  return inspect(ownPath, separateDocuments(text).berth ?? text);
}

/**
 * The plugins that a configuration may name once modules bring some more. Which extension points these have is not known before they are
 * loaded. Of a document that is broken nobody knows what it would have brought: whatever is named.
 */
export function withModulePlugins(
  catalog: PluginCatalog,
  { configuration, problems }: BerthInspection,
  profiles: readonly ProfileFile[],
): PluginCatalog {
  const named = profiles.flatMap(({ plugins = {} }) =>
    pluginSetKeys.flatMap((key) => (plugins[key]?.enabled ?? []).map(({ name = '' }) => name)),
  );
  const brought = problems.length > 0 ? named : configuration.plugins.map(({ name }) => name);
  return new Map([...brought.map((name) => [name, undefined] as const), ...catalog]);
}

function inspect(path: string, text: string): BerthInspection {
  const parsed = YamlSource.parse(text);
  if (!parsed.ok) {
    const { kind, reason, position } = parsed;
    return giveUp(kind === 'syntax' ? 'syntax' : 'field', path, reason, position);
  }
  const { source } = parsed;
  let data: unknown;
  try {
    data = source.toData();
  } catch (error) {
    return giveUp('syntax', path, messageOf(error));
  }
  const place = (field: FieldPath) => placeOf(field, { path, source })!;
  const { configuration, problems } = decodeBerthConfiguration(data, {
    path,
    locate: (field) => formatPlace(place(field)),
  });
  const duplicates = source.duplicates().map(({ position, ...problem }) => ({
    ...problem,
    kind: 'field' as const,
    place: { file: path, ...position },
  }));
  const placed = problems.map((problem) => ({
    ...problem,
    kind: 'field' as const,
    place: place(problem.path),
  }));
  return { configuration, problems: [...duplicates, ...placed] };
}

function giveUp(
  kind: 'unreadable' | 'syntax' | 'field',
  file: string,
  text: string,
  { line, column } = { line: 1, column: 1 },
): BerthInspection {
  return nothing([{ kind, path: [], text, place: { file, line, column } }]);
}

function nothing(problems: readonly PlacedProblem[]): BerthInspection {
  return { configuration: noBerthConfiguration, problems };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

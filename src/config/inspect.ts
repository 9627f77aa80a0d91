import { readFileSync } from 'node:fs';
import { acceptVersion, adviceOnConfigMaps } from './api-version.js';
import { separateDocuments } from './berth-configuration.js';
import { warningsOf } from './configuration-warnings.js';
import { decodeFile, isCovered } from './decode.js';
import { berthNames, type DecodedFile, withDefaults } from './defaults.js';
import { type FieldProblem, formatPath } from './field-problem.js';
import { inTreePlugins, type PluginCatalog } from './in-tree-plugins.js';
import { inspectBerthConfiguration, withModulePlugins } from './load-berth-configuration.js';
import { applyOverrides, type ConfigurationOverrides, overriddenPaths } from './overrides.js';
import {
  type FileLocation,
  formatWarning,
  type PlacedProblem,
  type PlacedWarning,
  placeOf,
} from './problem-place.js';
import type { EffectiveConfiguration } from './scheduler-configuration.js';
import { validateConfiguration } from './validate.js';
import { YamlSource } from './yaml-source.js';

export interface LoadOptions {
  /** Plugins that may be enabled. @default those of kube-scheduler 1.37 */
  readonly plugins?: PluginCatalog;
  /** A BerthConfiguration in a file of its own. */
  readonly berthConfigPath?: string | undefined;
  /** Lets the lease be kube-scheduler's own; only for a Berth that replaces it. @default false */
  readonly allowDefaultLease?: boolean;
  readonly readFile?: (path: string) => string;
}

/** Everything that can be said of a configuration. */
export interface Inspection {
  /** In effect; not to be used while there are problems. `undefined` when the file could not be read at all. */
  readonly configuration: EffectiveConfiguration | undefined;
  readonly problems: readonly PlacedProblem[];
  readonly warnings: readonly PlacedWarning[];
  /** The file as read and, where it was of a removed version, as converted. */
  readonly source: YamlSource | undefined;
  /** The BerthConfiguration among the file's documents, as it stands there. */
  readonly berthDocument: string | undefined;
  /** All that may be enabled, with what modules bring. Empty when the file could not be read at all. */
  readonly plugins: PluginCatalog;
}

/**
 * Makes the configuration in effect of a file (or none), flags, and defaults, and finds all that is wrong with it at
 * once. Never throws for what a person wrote.
 */
export function inspectConfiguration(
  path: string | undefined,
  overrides: ConfigurationOverrides = {},
  options: LoadOptions = {},
): Inspection {
  const readFile = options.readFile ?? readText;
  const opened = path === undefined ? nothing : openFile(path, readFile);
  if (opened.file === undefined) {
    const { problems, warnings, berth: berthDocument } = opened;
    const plugins: PluginCatalog = new Map();
    return { configuration: undefined, source: undefined, problems, warnings, berthDocument, plugins };
  }
  const { location, berth: document } = opened;
  const file = applyOverrides(opened.file, overrides);
  const profiles = file.profiles ?? [];
  const own = inspectBerthConfiguration({ path, document, ownPath: options.berthConfigPath, readFile });
  const plugins = withModulePlugins(options.plugins ?? inTreePlugins, own, profiles);
  const unwarned = withDefaults(file, {
    schedulerName: overrides.schedulerName || berthNames.schedulerName,
    source: path,
    warnings: [],
  });
  const warnings = [
    ...opened.warnings,
    ...warningsOf(unwarned, file, overrides, plugins).map((warning) => ({
      ...warning,
      place: warning.path.length === 0 ? undefined : placeOf(warning.path, location),
    })),
  ].sort(byPlace);
  const overridden = overriddenPaths(overrides);
  const placed = (problem: FieldProblem): PlacedProblem => {
    const isFlags = location === undefined || overridden.has(formatPath(problem.path));
    const kind = isFlags ? 'flag' : 'field';
    return { ...problem, kind, place: isFlags ? undefined : placeOf(problem.path, location) };
  };
  const values = validateConfiguration(unwarned, profiles, plugins)
    // What could not be read was left out: that it is missing is no news.
    .filter((problem) => !isCovered(problem.path, opened.unread))
    .map(placed);
  const lease = options.allowDefaultLease ? [] : defaultLeaseProblems(unwarned, location);
  return {
    configuration: { ...unwarned, berth: own.configuration, warnings: warnings.map(formatWarning) },
    problems: [...opened.problems, ...values, ...lease, ...own.problems].sort(byPlace),
    warnings,
    source: location?.source,
    berthDocument: document,
    plugins,
  };
}

/** What is not about the file comes first. */
function byPlace(a: Pick<PlacedProblem, 'place'>, b: Pick<PlacedProblem, 'place'>): number {
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0);
}

interface OpenedFile {
  /** `undefined` when nothing of it can be judged. */
  readonly file: DecodedFile | undefined;
  readonly problems: readonly PlacedProblem[];
  /** Those of the problems for which something was left out. */
  readonly unread: readonly FieldProblem[];
  readonly warnings: readonly PlacedWarning[];
  readonly location: FileLocation | undefined;
  /** The BerthConfiguration among the file's documents. */
  readonly berth: string | undefined;
}

const nothing: OpenedFile = {
  file: {},
  problems: [],
  unread: [],
  warnings: [],
  location: undefined,
  berth: undefined,
};

function openFile(path: string, readFile: (path: string) => string): OpenedFile {
  const giveUp = (
    kind: PlacedProblem['kind'],
    text: string,
    { line, column } = { line: 1, column: 1 },
    suggestion?: string,
  ): OpenedFile => ({
    ...nothing,
    file: undefined,
    problems: [
      {
        kind,
        path: [],
        text,
        ...(suggestion !== undefined && { suggestion }),
        place: { file: path, line, column },
      },
    ],
  });
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    return giveUp('unreadable', unreadable[code] ?? messageOf(error));
  }
  if (text.includes('\0')) {
    return giveUp('syntax', 'the file is no text in UTF-8');
  }
  const { scheduler, berth } = separateDocuments(text);
  const parsed = YamlSource.parse(scheduler);
  if (!parsed.ok) {
    const { kind, reason, position } = parsed;
    const suggestion = kind === 'documents' ? adviceOnDocuments(scheduler) : undefined;
    return giveUp(problemKinds[kind], reason, position, suggestion);
  }
  const { source } = parsed;
  const location = { path, source };
  // Looked for before a conversion moves anything.
  const duplicates = source.duplicates().map(({ position, ...problem }) => ({
    ...problem,
    kind: 'field' as const,
    place: { file: path, ...position },
  }));
  const before = dataOf(source);
  if (!before.ok) {
    return giveUp('syntax', before.reason);
  }
  const version = acceptVersion(source, before.data);
  if (!version.ok) {
    const position = source.positionOf(version.field === undefined ? [] : [version.field]);
    return giveUp('version', version.problem, position, version.suggestion);
  }
  const converted = version.warnings.length === 0 ? before : dataOf(source);
  if (!converted.ok) {
    return giveUp('syntax', converted.reason);
  }
  const { file, problems } = decodeFile(converted.data);
  return {
    file,
    problems: [
      ...duplicates,
      ...problems.map((problem) => ({
        ...problem,
        kind: 'field' as const,
        place: placeOf(problem.path, location),
      })),
    ],
    unread: problems,
    warnings: version.warnings.map(({ position, ...warning }) => ({
      ...warning,
      place: { file: path, ...(position ?? { line: 1, column: 1 }) },
    })),
    location,
    berth,
  };
}

/** What a file that cannot be judged is refused for. */
const problemKinds = { syntax: 'syntax', empty: 'version', documents: 'field' } as const;

function adviceOnDocuments(text: string): string {
  return /^kind:\s*ConfigMap\s*$/m.test(text)
    ? adviceOnConfigMaps
    : 'keep one; only a BerthConfiguration may stand beside it';
}

type Data = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly reason: string };

/** What cannot be made data of parses all the same: aliases that multiply, merges of what is no mapping. */
function dataOf(source: YamlSource): Data {
  try {
    return { ok: true, data: source.toData() };
  } catch (error) {
    return { ok: false, reason: messageOf(error) };
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Two schedulers under one lease would take turns: each would stop the other from working at all. */
function defaultLeaseProblems(
  { leaderElection }: EffectiveConfiguration,
  location: FileLocation | undefined,
): PlacedProblem[] {
  const { leaderElect, resourceName, resourceNamespace } = leaderElection;
  if (!leaderElect || resourceName !== 'kube-scheduler' || resourceNamespace !== 'kube-system') {
    return [];
  }
  const path = ['leaderElection', 'resourceName'];
  const position = location?.source.positionOf(path);
  return [
    {
      kind: 'default-lease',
      path,
      text: "the lease kube-system/kube-scheduler belongs to the cluster's own kube-scheduler",
      suggestion: 'give a name of your own, or pass --allow-default-lease if Berth replaces kube-scheduler',
      place: location && position && { file: location.path, ...position },
    },
  ];
}

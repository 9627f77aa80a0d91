import { readFileSync } from 'node:fs';
import { BerthError } from '../errors.js';
import { acceptVersion } from './api-version.js';
import { decodeFile } from './decode.js';
import { berthNames, type DecodedFile, withDefaults } from './defaults.js';
import { type FieldPath, type FieldProblem, formatPath } from './field-problem.js';
import { inTreePlugins } from './in-tree-plugins.js';
import type { EffectiveConfiguration } from './scheduler-configuration.js';
import { didYouMean } from './suggest.js';
import { validateConfiguration } from './validate.js';
import { validateEnabledPlugins } from './validate-plugins.js';
import { type Position, YamlSource } from './yaml-source.js';

/** What flags say; a flag that was not given is absent. Flags win over the file. */
export interface ConfigurationOverrides {
  /** Name of the profile when there is no file, or when the file's only profile has none. @default 'berth' */
  readonly schedulerName?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly kubeApiQps?: number | undefined;
  readonly kubeApiBurst?: number | undefined;
  readonly leaderElect?: boolean | undefined;
  readonly leaseName?: string | undefined;
  readonly leaseNamespace?: string | undefined;
  readonly leaseDurationMs?: number | undefined;
  readonly renewDeadlineMs?: number | undefined;
  readonly retryPeriodMs?: number | undefined;
}

export interface LoadOptions {
  /** Plugins that may be named. @default those of kube-scheduler 1.37 */
  readonly knownPlugins?: ReadonlySet<string>;
  /** Lets the lease be kube-scheduler's own; only for a Berth that replaces it. @default false */
  readonly allowDefaultLease?: boolean;
  readonly readFile?: (path: string) => string;
}

/**
 * Makes the configuration in effect of a file (or none), flags, and defaults.
 * Throws `BerthError` with exit code 2, naming file, line, column and field, for anything that is not right.
 */
export function loadConfiguration(
  path: string | undefined,
  overrides: ConfigurationOverrides = {},
  options: LoadOptions = {},
): EffectiveConfiguration {
  const knownPlugins = options.knownPlugins ?? inTreePlugins;
  const opened = path === undefined ? undefined : openFile(path, options.readFile ?? readText);
  const file = applyOverrides(opened?.file ?? {}, overrides);
  const configuration = withDefaults(file, {
    schedulerName: overrides.schedulerName || berthNames.schedulerName,
    source: path,
    warnings: [...(opened?.warnings ?? []), ...warningsOf(opened?.file, overrides, knownPlugins)],
  });
  const problems = [
    ...validateEnabledPlugins(file.profiles ?? [], knownPlugins),
    ...validateConfiguration(configuration, knownPlugins),
  ];
  if (problems.length > 0) {
    throw refuse(problems, opened?.location, overriddenPaths(overrides));
  }
  if (!options.allowDefaultLease) {
    refuseDefaultLease(configuration, opened?.location);
  }
  return configuration;
}

/** A file being loaded: how to say where in it something stands. */
interface FileLocation {
  readonly path: string;
  readonly source: YamlSource;
}

interface OpenedFile {
  readonly file: DecodedFile;
  readonly warnings: readonly string[];
  readonly location: FileLocation;
}

function openFile(path: string, readFile: (path: string) => string): OpenedFile {
  const parsed = YamlSource.parse(readConfiguration(path, readFile));
  if (!parsed.ok) {
    throw new BerthError(
      'BERTH_E_CONFIG_SYNTAX',
      { reason: parsed.reason },
      { where: formatWhere(path, parsed.position) },
    );
  }
  const location = { path, source: parsed.source };
  const version = acceptVersion(dataOf(location));
  if (!version.ok) {
    const position = parsed.source.positionOf(version.field === undefined ? [] : [version.field]);
    throw new BerthError(
      'BERTH_E_CONFIG_VERSION',
      { problem: version.problem },
      { where: formatWhere(path, position ?? { line: 1, column: 1 }) },
    );
  }
  const decoded = decodeFile(version.data);
  if (!decoded.ok) {
    throw refuse(decoded.problems, location);
  }
  return { file: decoded.file, warnings: version.warnings, location };
}

function readConfiguration(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const reason = unreadable[code] ?? (error instanceof Error ? error.message : String(error));
    throw new BerthError('BERTH_E_CONFIG_UNREADABLE', { reason }, { where: path, cause: error });
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

function dataOf({ path, source }: FileLocation): unknown {
  try {
    return source.toData();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BerthError('BERTH_E_CONFIG_SYNTAX', { reason }, { where: `${path}:1:1`, cause: error });
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

function applyOverrides(file: DecodedFile, overrides: ConfigurationOverrides): DecodedFile {
  const { leaderElection, clientConnection } = file;
  return {
    ...file,
    clientConnection: {
      ...clientConnection,
      ...given({
        kubeconfig: overrides.kubeconfig,
        qps: overrides.kubeApiQps,
        burst: overrides.kubeApiBurst,
      }),
    },
    leaderElection: {
      ...leaderElection,
      ...given({
        leaderElect: overrides.leaderElect,
        resourceName: overrides.leaseName,
        resourceNamespace: overrides.leaseNamespace,
        leaseDuration: overrides.leaseDurationMs,
        renewDeadline: overrides.renewDeadlineMs,
        retryPeriod: overrides.retryPeriodMs,
      }),
    },
  };
}

function given<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<Values>;
}

/** Fields whose value came from a flag: a problem with them is not to be looked for in the file. */
function overriddenPaths(overrides: ConfigurationOverrides): ReadonlySet<string> {
  const applied = applyOverrides({}, overrides);
  return new Set([
    ...Object.keys(applied.clientConnection ?? {}).map((field) => `clientConnection.${field}`),
    ...Object.keys(applied.leaderElection ?? {}).map((field) => `leaderElection.${field}`),
  ]);
}

function warningsOf(
  file: DecodedFile | undefined,
  { schedulerName }: ConfigurationOverrides,
  knownPlugins: ReadonlySet<string>,
): string[] {
  const profiles = file?.profiles ?? [];
  const warnings: string[] = [];
  if (
    schedulerName !== undefined &&
    profiles.length > 0 &&
    profiles.every((profile) => profile.schedulerName)
  ) {
    warnings.push(
      '--scheduler-name is ignored: the profiles of the configuration file have names of their own',
    );
  }
  for (const [index, profile] of profiles.entries()) {
    for (const [key, set] of Object.entries(profile.plugins ?? {})) {
      for (const { name } of set?.disabled ?? []) {
        if (name !== '*' && !knownPlugins.has(name)) {
          warnings.push(
            `profiles[${index}].plugins.${key}.disabled: there is no plugin "${name}" to disable${didYouMean(name, knownPlugins)}`,
          );
        }
      }
    }
  }
  return warnings;
}

/** Two schedulers under one lease would take turns: each would stop the other from working at all. */
function refuseDefaultLease(
  { leaderElection }: EffectiveConfiguration,
  location: FileLocation | undefined,
): void {
  const { leaderElect, resourceName, resourceNamespace } = leaderElection;
  if (!leaderElect || resourceName !== 'kube-scheduler' || resourceNamespace !== 'kube-system') {
    return;
  }
  const position = location?.source.positionOf(['leaderElection', 'resourceName']);
  throw new BerthError(
    'BERTH_E_DEFAULT_LEASE',
    {},
    location && position ? { where: formatWhere(location.path, position) } : {},
  );
}

/** How many problems are told in one line; the rest is only counted. */
const toldProblems = 5;

function refuse(
  problems: readonly FieldProblem[],
  location: FileLocation | undefined,
  overridden: ReadonlySet<string> = new Set(),
): BerthError {
  const located = problems.map((problem) => ({
    where: overridden.has(formatPath(problem.path)) ? undefined : whereOf(problem.path, location),
    text: problemText(problem),
  }));
  const [first, ...others] = located as [(typeof located)[0], ...typeof located];
  const told = others
    .slice(0, toldProblems - 1)
    .map(({ where, text }) => (where === undefined ? text : `${where}: ${text}`));
  const untold = others.length - told.length;
  const problem = [first.text, ...told, ...(untold > 0 ? [`and ${untold} more`] : [])].join('; ');
  return first.where === undefined
    ? new BerthError('BERTH_E_OPTIONS_INVALID', { problem })
    : new BerthError('BERTH_E_CONFIG_INVALID', { problem }, { where: first.where });
}

function problemText({ path, text }: FieldProblem): string {
  const field = formatPath(path);
  return field === '' ? text : `${field}: ${text}`;
}

/** The nearest place the file has: a missing field is to be added where its parent stands. */
function whereOf(path: FieldPath, location: FileLocation | undefined): string | undefined {
  if (location === undefined) {
    return undefined;
  }
  for (let length = path.length; length > 0; length--) {
    const position = location.source.positionOf(path.slice(0, length));
    if (position !== undefined) {
      return formatWhere(location.path, position);
    }
  }
  return `${location.path}:1:1`;
}

function formatWhere(path: string, { line, column }: Position): string {
  return `${path}:${line}:${column}`;
}

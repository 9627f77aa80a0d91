import { dirname, resolve } from 'node:path';
import { isMap, parseAllDocuments } from 'yaml';
import {
  duplicate,
  type FieldPath,
  type FieldProblem,
  invalid,
  required,
  unsupported,
} from './field-problem.js';
import { FieldReader } from './field-reader.js';
import { inTreePlugins } from './in-tree-plugins.js';

/*
 * The second document of a configuration file: what Berth needs to know and kube-scheduler's own configuration has no place for.
 */

const berthGroup = 'berth.dev';
const berthVersion = `${berthGroup}/v1alpha1`;
const berthKind = 'BerthConfiguration';

/** What becomes of a pod whose plugin fails. */
export type OnFault =
  /** The attempt fails with a message that says why; the pod is tried again after a backoff. */
  | 'FailPod'
  /** As if the plugin were not there. */
  | 'SkipPlugin';

const onFaultChoices: readonly OnFault[] = ['FailPod', 'SkipPlugin'];

export interface BreakerConfiguration {
  /** After this many faults … */
  readonly faults: number;
  /** … within this time the plugin is not called any more … */
  readonly windowMs: number;
  /** … for this long; then it is tried again. */
  readonly pauseMs: number;
}

/** One plugin that is loaded from a module. */
export interface PluginModuleConfiguration {
  readonly name: string;
  /** As written: a relative or absolute path, or the name of a package. */
  readonly module: string;
  /** What a relative path is relative to, and where packages are looked for: the folder of the configuration file. */
  readonly folder: string;
  /** `file:line:column` of the module's entry. */
  readonly where: string;
  readonly onFault: OnFault;
  /** For one call of one extension point over all nodes; 0: calls are measured, never interrupted. */
  readonly timeLimitMs: number;
  /** For one PreBind or Bind, which wait for others. */
  readonly bindingTimeLimitMs: number;
  readonly breaker: BreakerConfiguration;
}

export interface BerthConfiguration {
  readonly plugins: readonly PluginModuleConfiguration[];
}

export const noBerthConfiguration: BerthConfiguration = { plugins: [] };

export const pluginModuleDefaults = {
  onFault: 'FailPod',
  timeLimitMs: 500,
  bindingTimeLimitMs: 10_000,
  breaker: { faults: 5, windowMs: 60_000, pauseMs: 30_000 },
} as const satisfies Partial<PluginModuleConfiguration>;

/** A configuration file taken apart. Each text keeps the lines of the file, so that places in it are places in the file. */
export interface SeparatedDocuments {
  /** What kube-scheduler would read; everything else is blank lines. */
  readonly scheduler: string;
  /** Berth's own document; undefined when there is none. */
  readonly berth: string | undefined;
}

const emptySchedulerDocument =
  '{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration}\n';

/**
 * Takes the first BerthConfiguration out of a file of YAML documents. Documents of other kinds stay where they are, for others to
 * judge: so does a second BerthConfiguration.
 */
export function separateDocuments(text: string): SeparatedDocuments {
  // A line that begins with three dashes ends a document wherever it stands, also in a block of text.
  const lines = text.split('\n');
  const starts = lines.flatMap((line, index) => (/^---(\s|$)/.test(line) ? [index] : []));
  const parts = [0, ...starts].map((from, index) => ({ from, to: starts[index] ?? lines.length }));
  const ours = parts.find(({ from, to }) => isBerthDocument(lines.slice(from, to).join('\n')));
  if (ours === undefined) return { scheduler: text, berth: undefined };
  const isOurs = (index: number): boolean => index >= ours.from && index < ours.to;
  const berth = lines.map((line, index) => (isOurs(index) ? line.replace(/^---/, '') : '')).join('\n');
  const rest = lines.map((line, index) => (isOurs(index) ? '' : line));
  return { scheduler: rest.every(isEmptyLine) ? emptySchedulerDocument : rest.join('\n'), berth };
}

function isEmptyLine(line: string): boolean {
  return /^\s*(#.*)?$/.test(line);
}

/** True for a document that means to be ours, however it is misspelt otherwise. */
function isBerthDocument(text: string): boolean {
  const [document] = parseAllDocuments(text.replace(/^---/, ''));
  const isParsed = document !== undefined && document.errors.length === 0 && isMap(document.contents);
  const [apiVersion, kind] = ['apiVersion', 'kind'].map((key) =>
    isParsed ? document.get(key) : guess(text, key),
  );
  return (typeof apiVersion === 'string' && apiVersion.startsWith(`${berthGroup}/`)) || kind === berthKind;
}

/** What a document that cannot be parsed seems to say of itself. */
function guess(text: string, key: string): string | undefined {
  return new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(text)?.[1];
}

export interface DecodedBerthConfiguration {
  /** What is left of it where there are problems: not to be used then. */
  readonly configuration: BerthConfiguration;
  readonly problems: readonly FieldProblem[];
}

export interface BerthDocumentPlace {
  /** Path of the file, as given. */
  readonly path: string;
  /** `file:line:column` of a field. */
  readonly locate: (path: FieldPath) => string;
}

/** Reads plain data strictly as a BerthConfiguration, with defaults filled in. */
export function decodeBerthConfiguration(
  data: unknown,
  place: BerthDocumentPlace,
): DecodedBerthConfiguration {
  const reader = new FieldReader(data);
  const top = reader.fields([], ['apiVersion', 'kind', 'plugins']);
  if (top.apiVersion !== berthVersion) {
    reader.problems.push(
      top.apiVersion === undefined
        ? required(['apiVersion'], `"${berthVersion}"`)
        : unsupported(['apiVersion'], top.apiVersion, [berthVersion]),
    );
  }
  if (top.kind !== berthKind) {
    reader.problems.push(
      top.kind === undefined
        ? required(['kind'], `"${berthKind}"`)
        : unsupported(['kind'], top.kind, [berthKind]),
    );
  }
  const plugins = reader.list(['plugins'], top.plugins).map((path) => readPlugin(reader, path, place));
  const names = new Set<string>();
  for (const [index, { name }] of plugins.entries()) {
    if (names.has(name)) reader.problems.push(duplicate(['plugins', index, 'name'], name));
    names.add(name);
  }
  return { configuration: { plugins }, problems: reader.problems };
}

function readPlugin(
  reader: FieldReader,
  path: FieldPath,
  { path: file, locate }: BerthDocumentPlace,
): PluginModuleConfiguration {
  const given = reader.fields(path, [
    'name',
    'module',
    'onFault',
    'timeLimit',
    'bindingTimeLimit',
    'breaker',
  ]);
  const name = reader.text([...path, 'name'], given.name);
  if (name !== '' && !/^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/.test(name)) {
    reader.problems.push(
      invalid(
        [...path, 'name'],
        name,
        'must be letters, digits, ".", "_", "/" and "-", with a letter or digit at both ends',
      ),
    );
  } else if (inTreePlugins.has(name)) {
    reader.problems.push(
      invalid([...path, 'name'], name, 'is the name of a plugin of kube-scheduler; give yours another'),
    );
  }
  return {
    name,
    module: reader.text([...path, 'module'], given.module),
    folder: dirname(resolve(file)),
    where: locate([...path, 'module']),
    onFault: reader.choice([...path, 'onFault'], given.onFault, onFaultChoices, pluginModuleDefaults.onFault),
    timeLimitMs: reader.duration(
      [...path, 'timeLimit'],
      given.timeLimit,
      pluginModuleDefaults.timeLimitMs,
      0,
    ),
    bindingTimeLimitMs: reader.duration(
      [...path, 'bindingTimeLimit'],
      given.bindingTimeLimit,
      pluginModuleDefaults.bindingTimeLimitMs,
      1,
    ),
    breaker: readBreaker(reader, [...path, 'breaker'], given.breaker),
  };
}

function readBreaker(reader: FieldReader, path: FieldPath, given: unknown): BreakerConfiguration {
  const defaults = pluginModuleDefaults.breaker;
  if (given === undefined || given === null) return defaults;
  const { faults, window, pause } = reader.fields(path, ['faults', 'window', 'pause']);
  return {
    faults: reader.count([...path, 'faults'], faults, defaults.faults),
    windowMs: reader.duration([...path, 'window'], window, defaults.windowMs, 1),
    pauseMs: reader.duration([...path, 'pause'], pause, defaults.pauseMs, 1),
  };
}

import { isMap, isScalar, isSeq, type YAMLMap, type YAMLSeq } from 'yaml';
import type { BetaVersion } from './api-version.js';
import { convertScoring } from './convert-scoring.js';
import type { FieldPath } from './field-problem.js';
import { removedPlugins, successors } from './in-tree-plugins.js';
import { droppedFields } from './misplaced-field.js';
import { pluginSetKeys } from './scheduler-configuration.js';
import type { Position, YamlSource } from './yaml-source.js';

/** Something in a file that a person should know of but need not correct. */
export interface FieldWarning {
  readonly path: FieldPath;
  readonly text: string;
  readonly position: Position | undefined;
}

export type Warn = (path: FieldPath, text: string) => void;

const group = 'kubescheduler.config.k8s.io';

/** Locks that leader election knew before leases were the only one. */
const removedLocks: ReadonlySet<unknown> = new Set([
  'endpoints',
  'configmaps',
  'endpointsleases',
  'configmapsleases',
]);

/** Plugins whose work is done by default today: named, they can simply be left out. */
const doneByDefault: ReadonlySet<string> = new Set([...removedPlugins, 'SelectorSpread']);

/**
 * Brings a document of a removed version to v1, in place, so that comments and places stay: only what surely means the
 * same in v1 is changed. What has no counterpart stays as it is, to be refused by name with all other problems.
 */
export function convertBeta(source: YamlSource, version: BetaVersion): FieldWarning[] {
  const warnings: FieldWarning[] = [];
  // Taken before anything is moved or left out: afterwards the place could not be found.
  const warn: Warn = (path, text) => warnings.push({ path, text, position: source.positionOf(path) });
  const root = source.document.contents as YAMLMap;
  warn(['apiVersion'], `${group}/${version} was removed from Kubernetes; the file is read as ${group}/v1`);
  setScalar(root, 'apiVersion', `${group}/v1`);
  for (const [field, instead] of Object.entries(droppedFields)) {
    if (root.has(field)) {
      warn([field], `no longer a field of this file and ignored: ${instead}`);
      root.delete(field);
    }
  }
  const election = root.get('leaderElection');
  if (isMap(election) && removedLocks.has(election.get('resourceLock'))) {
    const path = ['leaderElection', 'resourceLock'];
    warn(
      path,
      `${JSON.stringify(election.get('resourceLock'))} is no longer a kind of lock; read as "leases"`,
    );
    setScalar(election, 'resourceLock', 'leases');
  }
  const profiles = root.get('profiles');
  if (isSeq(profiles)) {
    profiles.items.forEach((profile, index) => {
      if (isMap(profile)) convertProfile(profile, ['profiles', index], version, warn);
    });
  }
  if (version !== 'v1beta3') {
    warn(
      ['apiVersion'],
      'default weights are those of v1: TaintToleration 3, NodeAffinity 2, InterPodAffinity 2, where they were 1',
    );
  }
  return warnings;
}

function convertProfile(profile: YAMLMap, path: FieldPath, version: BetaVersion, warn: Warn): void {
  if (version === 'v1beta1') convertScoring(profile, path, warn);
  const plugins = profile.get('plugins');
  for (const key of isMap(plugins) ? pluginSetKeys : []) {
    const set = (plugins as YAMLMap).get(key);
    if (!isMap(set)) continue;
    for (const list of ['enabled', 'disabled']) {
      const entries = set.get(list);
      if (!isSeq(entries)) continue;
      leaveOutRetired(entries, list, [...path, 'plugins', key, list], warn);
      if (entries.items.length === 0) set.delete(list);
    }
  }
  const configs = profile.get('pluginConfig');
  for (const entry of isSeq(configs) ? configs.items : []) {
    const args = isMap(entry) ? entry.get('args') : undefined;
    if (isMap(args) && args.get('apiVersion') === `${group}/${version}`) {
      setScalar(args, 'apiVersion', `${group}/v1`);
    }
  }
}

/** A plugin that is no more needs no disabling; one whose work is done by default needs no enabling. */
function leaveOutRetired(entries: YAMLSeq, list: string, path: FieldPath, warn: Warn): void {
  const retired = (item: unknown): string | undefined => {
    const name = isMap(item) ? item.get('name') : undefined;
    const gone = list === 'disabled' ? successors.has(String(name)) : doneByDefault.has(String(name));
    return gone ? String(name) : undefined;
  };
  entries.items.forEach((item, index) => {
    const name = retired(item);
    if (name !== undefined) {
      const text = `${name} was removed from Kubernetes; the entry is left out`;
      warn([...path, index], list === 'enabled' ? `${text}: ${successors.get(name)}` : text);
    }
  });
  entries.items = entries.items.filter((item) => retired(item) === undefined);
}

/** Changes the value of a field and keeps what stands around it. */
export function setScalar(map: YAMLMap, key: string, value: string): void {
  const node = map.get(key, true);
  if (isScalar(node)) node.value = value;
  else map.set(key, value);
}

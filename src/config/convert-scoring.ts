import { isMap, isScalar, isSeq, YAMLMap, YAMLSeq } from 'yaml';
import type { Warn } from './convert-beta.js';
import type { FieldPath } from './field-problem.js';

/**
 * The three plugins of v1beta1 that scored nodes by their free resources, and the strategy of NodeResourcesFit that each
 * became. The first was on by default.
 */
const strategies: ReadonlyMap<string, string> = new Map([
  ['NodeResourcesLeastAllocated', 'LeastAllocated'],
  ['NodeResourcesMostAllocated', 'MostAllocated'],
  ['RequestedToCapacityRatio', 'RequestedToCapacityRatio'],
]);
const onByDefault = 'NodeResourcesLeastAllocated';
const successor = 'NodeResourcesFit';

/**
 * Brings the scoring plugins of v1beta1 in a profile to NodeResourcesFit, where one of them at most is in use: v1 scores
 * with one strategy. A profile with two keeps their names, which are refused later.
 */
export function convertScoring(profile: YAMLMap, path: FieldPath, warn: Warn): void {
  const enabled = entriesOf(profile, ['plugins', 'score', 'enabled']);
  const disabled = entriesOf(profile, ['plugins', 'score', 'disabled']);
  const configured = entriesOf(profile, ['pluginConfig']);
  if (
    ![...enabled.items, ...disabled.items, ...configured.items].some((item) => strategies.has(nameOf(item)))
  ) {
    return;
  }
  const namedOff = new Set(disabled.items.map(nameOf));
  const inUse = new Set(enabled.items.map(nameOf).filter((name) => strategies.has(name)));
  if (!namedOff.has('*') && !namedOff.has(onByDefault)) inUse.add(onByDefault);
  if (inUse.size > 1) return;
  const [plugin] = inUse;
  const enabledIndex = enabled.items.findIndex((item) => nameOf(item) === plugin);

  if (plugin === undefined) {
    const first = disabled.items.findIndex((item) => strategies.has(nameOf(item)));
    warn(
      [...path, 'plugins', 'score'],
      `scoring by free resources is done by ${successor}, which is disabled instead`,
    );
    rename(disabled.items[first]);
  } else {
    const where = enabledIndex === -1 ? ['pluginConfig'] : ['plugins', 'score', 'enabled', enabledIndex];
    const type = strategies.get(plugin);
    warn([...path, ...where], `${plugin} became ${successor} with scoringStrategy.type ${type}`);
    setStrategy(profile, configured, plugin);
    rename(enabled.items[enabledIndex]);
  }
  for (const list of [enabled, disabled, configured]) {
    list.items = list.items.filter((item) => !strategies.has(nameOf(item)));
  }
}

function rename(entry: unknown): void {
  const name = isMap(entry) ? entry.get('name', true) : undefined;
  if (isScalar(name)) name.value = successor;
}

/** Moves the arguments of the old plugin into those of NodeResourcesFit. */
function setStrategy(profile: YAMLMap, configured: YAMLSeq, plugin: string): void {
  const old = configured.items.find((item) => nameOf(item) === plugin);
  const oldArgs = isMap(old) ? old.get('args') : undefined;
  const type = strategies.get(plugin) as string;
  if (old === undefined && plugin === onByDefault) return;
  const strategy = new YAMLMap();
  strategy.set('type', type);
  if (isMap(oldArgs)) {
    if (oldArgs.has('resources')) strategy.set('resources', oldArgs.get('resources', true));
    if (oldArgs.has('shape')) {
      const ratio = new YAMLMap();
      ratio.set('shape', oldArgs.get('shape', true));
      strategy.set('requestedToCapacityRatio', ratio);
    }
  }
  const fit = configured.items.find((item) => nameOf(item) === successor);
  const existing = isMap(fit) ? fit.get('args') : undefined;
  if (isMap(existing)) {
    existing.set('scoringStrategy', strategy);
    return;
  }
  const args = new YAMLMap();
  args.set('scoringStrategy', strategy);
  if (isMap(fit)) {
    fit.set('args', args);
  } else if (isMap(old)) {
    rename(old);
    old.set('args', args);
  } else {
    const entry = new YAMLMap();
    entry.set('name', successor);
    entry.set('args', args);
    configured.add(entry);
    profile.set('pluginConfig', configured);
  }
}

function entriesOf(profile: YAMLMap, keys: readonly string[]): YAMLSeq {
  const node = profile.getIn(keys);
  return isSeq(node) ? node : new YAMLSeq();
}

function nameOf(entry: unknown): string {
  return isMap(entry) ? String(entry.get('name')) : '';
}

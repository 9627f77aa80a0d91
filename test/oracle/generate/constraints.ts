import type { Loose } from '../case.js';
import { brokenSelector, labelSelector, nodeField, nodeTerm, podSelector } from './selectors.js';
import type { World } from './world.js';

export function tolerations(world: World, malformed: boolean): Loose[] {
  const { dice } = world;
  return dice.times(1, 4, () => {
    if (dice.chance(0.1))
      return { operator: 'Exists', ...(dice.chance(0.5) ? { effect: 'NoSchedule' } : {}) };
    const operator = dice.pick(['Exists', 'Equal', undefined, ...(malformed ? ['Gt', 'Lt', 'Near'] : [])]);
    const effect = dice.pick(['NoSchedule', 'NoExecute', 'PreferNoSchedule', undefined, undefined]);
    return {
      key: dice.pick(world.taintKeys),
      ...(operator === undefined ? {} : { operator }),
      ...(operator === 'Exists' ? {} : { value: dice.pick(['a', 'b', 'true', '', '7']) }),
      ...(effect === undefined ? {} : { effect }),
      ...(effect === 'NoExecute' && dice.chance(0.3) ? { tolerationSeconds: 300 } : {}),
    };
  });
}

export function nodeSelector(world: World): Record<string, string> {
  const all = world.labels({ ...world.nodeLabels, 'topology.kubernetes.io/zone': ['z1', 'z2', 'z3'] }, 0.2);
  return world.dice.chance(0.05) ? { ...all, nowhere: 'x' } : all;
}

export function nodeAffinity(world: World, malformed: boolean): Loose {
  const { dice } = world;
  // As controllers do that want one pod on each node.
  const byName = dice.chance(0.2);
  return {
    ...(dice.chance(0.6)
      ? {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: dice.times(1, 3, () =>
              byName ? { matchFields: [nodeField(world)] } : nodeTerm(world, malformed),
            ),
          },
        }
      : {}),
    ...(dice.chance(0.6)
      ? {
          preferredDuringSchedulingIgnoredDuringExecution: dice.times(1, 3, () => ({
            weight: dice.int(1, 100),
            preference: nodeTerm(world, malformed && dice.chance(0.3)),
          })),
        }
      : {}),
  };
}

export function spreadConstraints(world: World, malformed: boolean): Loose[] {
  const { dice } = world;
  const seen = new Set<string>();
  return dice
    .times(1, 4, () => {
      const whenUnsatisfiable = dice.pick(['DoNotSchedule', 'ScheduleAnyway']);
      const selector = malformed && dice.chance(0.1) ? brokenSelector(world) : podSelector(world);
      return {
        topologyKey: topologyKey(world),
        whenUnsatisfiable,
        maxSkew: dice.weighted([
          [6, 1],
          [3, 2],
          [1, dice.int(3, 20)],
        ]),
        ...(selector === undefined ? {} : { labelSelector: selector }),
        ...(selector !== undefined && dice.chance(0.3) ? { matchLabelKeys: labelKeys(world, selector) } : {}),
        ...(whenUnsatisfiable === 'DoNotSchedule' && dice.chance(0.3) ? { minDomains: dice.int(1, 5) } : {}),
        ...(dice.chance(0.3) ? { nodeAffinityPolicy: dice.pick(['Honor', 'Ignore']) } : {}),
        ...(dice.chance(0.3) ? { nodeTaintsPolicy: dice.pick(['Honor', 'Ignore']) } : {}),
      };
    })
    .filter(({ topologyKey, whenUnsatisfiable }) => {
      const key = `${topologyKey} ${whenUnsatisfiable}`;
      if (seen.has(key) && !malformed) return false;
      seen.add(key);
      return true;
    });
}

function topologyKey({ dice, topologyKeys }: World): string {
  return dice.weighted(
    topologyKeys.map((key, index) => [index < 2 ? 4 : index === topologyKeys.length - 1 ? 0.5 : 1.5, key]),
  );
}

/** Keys that are not in the selector yet: an API server refuses those that are. */
function labelKeys(world: World, selector: Loose): string[] {
  const taken = new Set([
    ...Object.keys(selector.matchLabels ?? {}),
    ...(selector.matchExpressions ?? []).map(({ key }: Loose) => key),
  ]);
  const free = [...Object.keys(world.podLabels), 'nobody-has-this'].filter((key) => !taken.has(key));
  return free.length === 0 ? [] : world.dice.some(free, 1, 2);
}

export function podAffinity(world: World, malformed: boolean): Loose {
  const { dice } = world;
  const affinityTerm = (of: World): Loose => termOf(of, malformed && dice.chance(0.3));
  const required = (): Loose[] => dice.times(1, 2, () => affinityTerm(world));
  const preferred = (): Loose[] =>
    dice.times(1, 3, () => ({ weight: dice.int(1, 100), podAffinityTerm: affinityTerm(world) }));
  const terms = (): Loose => ({
    ...(dice.chance(0.5) ? { requiredDuringSchedulingIgnoredDuringExecution: required() } : {}),
    ...(dice.chance(0.6) ? { preferredDuringSchedulingIgnoredDuringExecution: preferred() } : {}),
  });
  return {
    ...(dice.chance(0.6) ? { podAffinity: terms() } : {}),
    ...(dice.chance(0.6) ? { podAntiAffinity: terms() } : {}),
  };
}

function termOf(world: World, malformed: boolean): Loose {
  const { dice } = world;
  const selector = malformed ? brokenSelector(world) : podSelector(world);
  const term: Loose = { topologyKey: topologyKey(world) };
  if (selector !== undefined) term.labelSelector = selector;
  if (dice.chance(0.25)) term.namespaces = dice.some([...world.namespaces, 'elsewhere'], 1, 2);
  if (dice.chance(0.3)) {
    const namespaceLabels = { env: ['prod', 'dev'], 'kubernetes.io/metadata.name': world.namespaces };
    const chosen =
      malformed && dice.chance(0.3) ? brokenSelector(world) : labelSelector(world, namespaceLabels);
    if (chosen !== undefined) term.namespaceSelector = chosen;
  }
  if (selector !== undefined && dice.chance(0.15)) term.matchLabelKeys = labelKeys(world, selector);
  else if (selector !== undefined && dice.chance(0.12)) term.mismatchLabelKeys = labelKeys(world, selector);
  return term;
}

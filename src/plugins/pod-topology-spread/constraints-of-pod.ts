import type { Pod, PodSpec } from '../../cluster/pod.js';
import type { PodTopologySpreadArgs } from '../../config/plugin-args.js';
import { labelValue } from '../../kube/label-requirement.js';
import { DefaultSelectors, type WorkloadState } from './default-selector.js';
import {
  type CompiledConstraints,
  compileOwn,
  compileRules,
  noConstraints,
  type SpreadAction,
  type SpreadRule,
} from './spread-constraint.js';

type ByAction = Readonly<Record<SpreadAction, CompiledConstraints>>;

interface OfSpec {
  /** Labels of the pod, beside its selectors, that its constraints depend on. */
  readonly labelKeys: readonly string[];
  /** By namespace and what else the constraints depend on. */
  readonly compiled: Map<string, ByAction>;
}

/** More kinds of pods than one template plausibly makes; beyond it they are compiled anew on demand. */
const maxKinds = 256;

const systemDefaults: readonly SpreadRule[] = [
  { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

/** Finds the spread constraints that hold for a pod: its own, or else the profile's defaults. Compiled once for pods that agree. */
export class ConstraintsOfPods {
  readonly #usesSystemDefaults: boolean;
  readonly #defaults: readonly SpreadRule[];
  readonly #selectors: DefaultSelectors;
  readonly #specs = new WeakMap<PodSpec, OfSpec>();

  constructor(args: PodTopologySpreadArgs | undefined, workloads: WorkloadState) {
    this.#usesSystemDefaults = args?.defaultingType !== 'List';
    this.#defaults = this.#usesSystemDefaults ? systemDefaults : (args?.defaultConstraints ?? []);
    this.#selectors = new DefaultSelectors(workloads);
  }

  /** In the order written. Constraints of a pod's own, of either action, leave no room for defaults. */
  of(pod: Pod, action: SpreadAction): CompiledConstraints {
    const { spec } = pod;
    if (spec.topologySpreadConstraints.length > 0) return this.#own(pod, action);
    return this.#defaults.length === 0 ? noConstraints : this.#default(pod, action);
  }

  /** Only nodes with the topology keys of all soft constraints are scored. The system's defaults ask less of a node. */
  scoreNeedsAllKeys({ spec }: Pod): boolean {
    return spec.topologySpreadConstraints.length > 0 || !this.#usesSystemDefaults;
  }

  #own(pod: Pod, action: SpreadAction): CompiledConstraints {
    const ofSpec = this.#ofSpec(pod.spec);
    const { labelKeys } = ofSpec;
    const kind =
      labelKeys.length === 0
        ? pod.namespace
        : JSON.stringify([pod.namespace, ...labelKeys.map((key) => labelValue(pod.labels, key) ?? null)]);
    return compiledOnce(ofSpec, kind, () => ({
      DoNotSchedule: compileOwn(pod, 'DoNotSchedule'),
      ScheduleAnyway: compileOwn(pod, 'ScheduleAnyway'),
    }))[action];
  }

  #default(pod: Pod, action: SpreadAction): CompiledConstraints {
    const { selector, key } = this.#selectors.selectorFor(pod);
    if (selector.isEmpty) return noConstraints;
    const { spec, namespace } = pod;
    return compiledOnce(this.#ofSpec(spec), `${namespace};${key}`, () => {
      const compile = (wanted: SpreadAction): CompiledConstraints => {
        const rules = this.#defaults.flatMap((rule) =>
          rule.whenUnsatisfiable === wanted ? [{ rule, selector }] : [],
        );
        const requireAllKeys = wanted === 'DoNotSchedule' || this.scoreNeedsAllKeys(pod);
        return { ok: true, constraints: compileRules({ spec, namespace, rules, requireAllKeys }) };
      };
      return { DoNotSchedule: compile('DoNotSchedule'), ScheduleAnyway: compile('ScheduleAnyway') };
    })[action];
  }

  #ofSpec(spec: PodSpec): OfSpec {
    let found = this.#specs.get(spec);
    if (found === undefined) {
      const keys = spec.topologySpreadConstraints.flatMap(({ matchLabelKeys = [] }) => matchLabelKeys);
      found = { labelKeys: [...new Set(keys)], compiled: new Map() };
      this.#specs.set(spec, found);
    }
    return found;
  }
}

function compiledOnce({ compiled }: OfSpec, kind: string, compile: () => ByAction): ByAction {
  let found = compiled.get(kind);
  if (found === undefined) {
    if (compiled.size >= maxKinds) compiled.clear();
    found = compile();
    compiled.set(kind, found);
  }
  return found;
}

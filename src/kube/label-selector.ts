/** `LabelSelector` of meta/v1, compiled. Semantics of `LabelSelectorAsSelector`. */
import {
  compileRequirement,
  equalityRequirement,
  isLabelKey,
  isLabelValue,
  type LabelRequirement,
  type Labels,
  type RawRequirement,
  requirementsAccept,
} from './label-requirement.js';

export interface LabelSelectorSpec {
  readonly matchLabels?: Labels | null | undefined;
  readonly matchExpressions?: readonly RawRequirement[] | null | undefined;
}

/**
 * A selector ready for use. An absent selector is `nothing` and an empty one `everything`, which callers must not
 * confuse: `isEmpty` is true for `everything` alone.
 */
export interface LabelMatcher {
  readonly kind: 'nothing' | 'everything' | 'requirements';
  /** All must hold. Empty unless `kind` is `requirements`. */
  readonly requirements: readonly LabelRequirement[];
  readonly isEmpty: boolean;
  /** Missing labels count as an empty map. */
  matches(labels: Labels | null | undefined): boolean;
}

export type CompiledLabelSelector =
  | { readonly ok: true; readonly selector: LabelMatcher }
  | { readonly ok: false; readonly error: string };

const operators: ReadonlySet<string> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** Matches no object: the meaning of an absent selector. */
export const matchNothing: LabelMatcher = {
  kind: 'nothing',
  requirements: [],
  isEmpty: false,
  matches: () => false,
};

/** Matches every object: the meaning of `{}`. */
export const matchEverything: LabelMatcher = {
  kind: 'everything',
  requirements: [],
  isEmpty: true,
  matches: () => true,
};

/** Compiles a selector. One invalid key, value or operator makes the whole of it an error. */
export function compileLabelSelector(spec: LabelSelectorSpec | null | undefined): CompiledLabelSelector {
  if (spec == null) return { ok: true, selector: matchNothing };
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(spec.matchLabels ?? {})) {
    if (!isLabelKey(key)) return { ok: false, error: `key ${JSON.stringify(key)} is not a valid label key` };
    if (!isLabelValue(value)) {
      return {
        ok: false,
        error: `value ${JSON.stringify(value)} of key ${JSON.stringify(key)} is not a valid label value`,
      };
    }
    requirements.push(equalityRequirement(key, value));
  }
  for (const expression of spec.matchExpressions ?? []) {
    const compiled = compileRequirement(expression, operators);
    if (!compiled.ok) return compiled;
    requirements.push(compiled.requirement);
  }
  return { ok: true, selector: requirements.length === 0 ? matchEverything : matchAll(requirements) };
}

/** A map of labels as a selector of equalities, unchecked; an empty or absent map matches everything. */
export function labelMapSelector(labels: Labels | null | undefined): LabelMatcher {
  const requirements = Object.entries(labels ?? {}).map(([key, value]) => equalityRequirement(key, value));
  return requirements.length === 0 ? matchEverything : matchAll(requirements);
}

function matchAll(requirements: readonly LabelRequirement[]): LabelMatcher {
  return {
    kind: 'requirements',
    requirements,
    isEmpty: false,
    matches: (labels) => requirementsAccept(requirements, labels),
  };
}

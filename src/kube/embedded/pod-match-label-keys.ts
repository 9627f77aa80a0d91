import { ensureRecord, isRecord, type JsonRecord, recordAt, recordsAt } from './json-value.js';

type Labels = Readonly<Record<string, unknown>>;

function addExpressions(term: JsonRecord, keys: unknown, operator: string, labels: Labels): void {
  if (!Array.isArray(keys) || !isRecord(term.labelSelector)) return;
  const selector = ensureRecord(term, 'labelSelector');
  const expressions = Array.isArray(selector.matchExpressions) ? [...selector.matchExpressions] : [];
  for (const key of keys) {
    const value = typeof key === 'string' && Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (typeof value === 'string') expressions.push({ key, operator, values: [value] });
  }
  if (expressions.length > 0) selector.matchExpressions = expressions;
}

/**
 * At creation the server writes what matchLabelKeys and mismatchLabelKeys stand for into the selectors of pod
 * affinity and topology spread, so that a scheduler only reads selectors. Changes the spec in place.
 */
export function mergeMatchLabelKeys(spec: JsonRecord, labels: Labels): void {
  const affinity = recordAt(spec, 'affinity');
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const rules = recordAt(affinity, kind);
    const terms = [
      ...recordsAt(rules, 'requiredDuringSchedulingIgnoredDuringExecution'),
      ...recordsAt(rules, 'preferredDuringSchedulingIgnoredDuringExecution').map((weighted) =>
        recordAt(weighted, 'podAffinityTerm'),
      ),
    ];
    for (const term of terms) {
      addExpressions(term, term.matchLabelKeys, 'In', labels);
      addExpressions(term, term.mismatchLabelKeys, 'NotIn', labels);
    }
  }
  for (const constraint of recordsAt(spec, 'topologySpreadConstraints')) {
    addExpressions(constraint, constraint.matchLabelKeys, 'In', labels);
  }
}

import { quantityMilliValue } from '../quantity.js';
import { isRecord, type JsonRecord, recordAt, recordsAt } from './json-value.js';

const COMPUTE = ['cpu', 'memory'] as const;

const amountOf = (resources: JsonRecord, name: string): number => {
  const value = resources[name];
  return typeof value === 'string' || typeof value === 'number' ? quantityMilliValue(value) : 0;
};

function isGuaranteed(resources: JsonRecord): boolean {
  const [limits, requests] = [recordAt(resources, 'limits'), recordAt(resources, 'requests')];
  return COMPUTE.every((name) => {
    const limit = amountOf(limits, name);
    return limit > 0 && limit === amountOf(requests, name);
  });
}

function asksForNothing(resources: JsonRecord): boolean {
  return ['limits', 'requests'].every((kind) =>
    COMPUTE.every((name) => amountOf(recordAt(resources, kind), name) === 0),
  );
}

/** The quality-of-service class of a pod whose requests were already defaulted. Pod-level resources come first. */
export function podQosClass(spec: JsonRecord): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const all = isRecord(spec.resources)
    ? [spec.resources]
    : [...recordsAt(spec, 'containers'), ...recordsAt(spec, 'initContainers')].map((container) =>
        recordAt(container, 'resources'),
      );
  if (all.every(asksForNothing)) return 'BestEffort';
  return all.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

import { isRecord, type JsonRecord, jsonEqual, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type FieldProblem, invalidValue, required } from './status-error.js';

/** Names a field has in events.k8s.io/v1 and in core/v1, where they differ. */
const RENAMED = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
] as const;

function renamed(object: KubeObject, apiVersion: string, from: 0 | 1): KubeObject {
  const result: JsonRecord = { ...object };
  for (const pair of RENAMED) {
    const [before, after] = from === 0 ? [pair[0], pair[1]] : [pair[1], pair[0]];
    if (!Object.hasOwn(result, before)) continue;
    result[after] = result[before];
    delete result[before];
  }
  return { ...result, kind: 'Event', apiVersion, metadata: object.metadata };
}

/** Events are kept in their core/v1 form. */
export function eventToCore(object: KubeObject): KubeObject {
  return renamed(object, 'v1', 0);
}

export function eventFromCore(object: KubeObject): KubeObject {
  return renamed(object, 'events.k8s.io/v1', 1);
}

/** Fields the real server always writes, null or empty, in core/v1 form. */
export function prepareEvent(event: KubeObject): void {
  for (const [key, value] of Object.entries({
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: '',
    reportingInstance: '',
  })) {
    event[key] ??= value;
  }
}

const MAX_LENGTHS: Readonly<Record<string, number>> = {
  action: 128,
  reason: 128,
  reportingInstance: 128,
  note: 1024,
};

function contentProblems(event: KubeObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (typeof event.eventTime !== 'string') problems.push(required('eventTime'));
  for (const field of ['reportingController', 'reportingInstance', 'action', 'reason']) {
    if (stringAt(event, field) === '') problems.push(required(field));
  }
  const type = stringAt(event, 'type');
  if (type !== 'Normal' && type !== 'Warning') {
    problems.push(invalidValue('type', type, `has invalid value: ${type}`));
  }
  for (const [field, limit] of Object.entries(MAX_LENGTHS)) {
    if (Buffer.byteLength(stringAt(event, field)) > limit) {
      problems.push(invalidValue(field, '', `can have at most ${limit} characters`));
    }
  }
  return problems;
}

const IMMUTABLE = ['action', 'eventTime', 'note', 'reason', 'regarding', 'related', 'reportingController'];

/** Rules of events.k8s.io/v1, in its own form: complete when new, and only `series` changes afterwards. */
export function eventProblems(event: KubeObject, current: KubeObject | undefined): FieldProblem[] {
  if (current === undefined) {
    const problems = contentProblems(event);
    // The real server stops at a missing time: it takes such an event for one of the old form.
    return typeof event.eventTime === 'string'
      ? problems
      : problems.filter(({ field }) => field === 'eventTime' || field === 'type');
  }
  const changed = [...IMMUTABLE, 'reportingInstance', 'type'].filter(
    (field) => !jsonEqual(event[field] ?? null, current[field] ?? null),
  );
  return changed.map((field) =>
    invalidValue(field === 'note' ? 'message' : field, event[field] ?? null, 'field is immutable'),
  );
}

/** A core/v1 event belongs to the namespace of the object it is about, or to `default` for cluster objects. */
export function coreEventProblems(event: KubeObject): FieldProblem[] {
  const about = isRecord(event.involvedObject) ? stringAt(event.involvedObject, 'namespace') : '';
  const own = event.metadata.namespace ?? '';
  const fits = about === own || (about === '' && (own === 'default' || own === 'kube-system'));
  return fits ? [] : [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
}

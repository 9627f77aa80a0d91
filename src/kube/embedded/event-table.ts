import { ageOf } from './human-duration.js';
import { numberAt, recordAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type Column, column, wideColumn } from './table-column.js';

/** Reads events in either form; the columns are the same for both. */
const eitherOf = (event: KubeObject, core: string, current: string): unknown => event[core] ?? event[current];

function firstSeen(event: KubeObject): unknown {
  return eitherOf(event, 'firstTimestamp', 'deprecatedFirstTimestamp') ?? event.eventTime;
}

function lastSeen(event: KubeObject): unknown {
  const repeated = recordAt(event, 'series').lastObservedTime;
  return repeated ?? eitherOf(event, 'lastTimestamp', 'deprecatedLastTimestamp') ?? firstSeen(event);
}

function objectText(event: KubeObject): string {
  const about = eitherOf(event, 'involvedObject', 'regarding');
  const name = stringAt(about, 'name');
  const kind = stringAt(about, 'kind').toLowerCase();
  return name === '' ? kind : `${kind}/${name}`;
}

function sourceText(event: KubeObject): string {
  const source = eitherOf(event, 'source', 'deprecatedSource');
  const component =
    stringAt(source, 'component') ||
    stringAt({ value: eitherOf(event, 'reportingComponent', 'reportingController') }, 'value');
  const host = stringAt(source, 'host') || stringAt(event, 'reportingInstance');
  return [component, host].filter((text) => text !== '').join(', ');
}

function countOf(event: KubeObject): number {
  const repeated = numberAt(recordAt(event, 'series'), 'count');
  return repeated || numberAt(event, 'count') || numberAt(event, 'deprecatedCount') || 1;
}

export const EVENT_COLUMNS: readonly Column[] = [
  column('Last Seen', (event, nowMs) => ageOf(lastSeen(event), nowMs)),
  column('Type', (event) => stringAt(event, 'type')),
  column('Reason', (event) => stringAt(event, 'reason')),
  column('Object', objectText),
  wideColumn('Subobject', (event) => stringAt(eitherOf(event, 'involvedObject', 'regarding'), 'fieldPath')),
  wideColumn('Source', sourceText),
  column('Message', (event) => (stringAt(event, 'message') || stringAt(event, 'note')).trim()),
  wideColumn('First Seen', (event, nowMs) => ageOf(firstSeen(event), nowMs)),
  wideColumn('Count', countOf),
  wideColumn('Name', (event) => event.metadata.name),
];

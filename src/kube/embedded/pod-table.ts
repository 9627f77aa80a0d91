import { ageOf } from './human-duration.js';
import { isRecord, type JsonRecord, numberAt, recordAt, recordsAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type Column, column, wideColumn } from './table-column.js';

function stateReason(status: JsonRecord): string {
  const state = recordAt(status, 'state');
  const waiting = stringAt(recordAt(state, 'waiting'), 'reason');
  if (waiting !== '') return waiting;
  if (!isRecord(state.terminated)) return '';
  return stringAt(state.terminated, 'reason') || `ExitCode:${numberAt(state.terminated, 'exitCode')}`;
}

/** The one word of the STATUS column: the first thing that explains why a pod is where it is. */
export function podStatusText(pod: KubeObject): string {
  const status = recordAt(pod, 'status');
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const gated = recordsAt(status, 'conditions').some(
    (condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  );
  const own = stringAt(status, 'reason') || (gated ? 'SchedulingGated' : stringAt(status, 'phase'));
  const reason = recordsAt(status, 'containerStatuses')
    .map(stateReason)
    .find((text) => text !== '');
  return reason ?? own;
}

function readyText(pod: KubeObject): string {
  const statuses = recordsAt(recordAt(pod, 'status'), 'containerStatuses');
  const ready = statuses.filter((status) => status.ready === true).length;
  return `${ready}/${recordsAt(pod.spec, 'containers').length}`;
}

function restarts(pod: KubeObject): string {
  const statuses = recordsAt(recordAt(pod, 'status'), 'containerStatuses');
  return String(statuses.reduce((sum, status) => sum + numberAt(status, 'restartCount'), 0));
}

const orNone = (text: string): string => text || '<none>';

export const POD_COLUMNS: readonly Column[] = [
  column('Name', (pod) => pod.metadata.name),
  column('Ready', readyText),
  column('Status', podStatusText),
  column('Restarts', restarts),
  column('Age', (pod, nowMs) => ageOf(pod.metadata.creationTimestamp, nowMs)),
  wideColumn('IP', (pod) => orNone(stringAt(pod.status, 'podIP'))),
  wideColumn('Node', (pod) => orNone(stringAt(pod.spec, 'nodeName'))),
  wideColumn('Nominated Node', (pod) => orNone(stringAt(pod.status, 'nominatedNodeName'))),
  wideColumn('Readiness Gates', () => '<none>'),
];

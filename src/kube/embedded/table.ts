import { EVENT_COLUMNS } from './event-table.js';
import type { JsonRecord } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { NODE_COLUMNS } from './node-table.js';
import { POD_COLUMNS } from './pod-table.js';
import type { ResourceKind } from './resource-kind.js';
import { SERVICE_COLUMNS } from './service-table.js';
import { STORAGE_COLUMNS } from './storage-table.js';
import { AGE_COLUMN, type Column, NAME_COLUMN } from './table-column.js';
import { WORKLOAD_COLUMNS } from './workload-table.js';

/** What each row carries of its object: `includeObject`. */
export type IncludedObject = 'Metadata' | 'Object' | 'None';

export interface TableRequest {
  readonly includeObject: IncludedObject;
}

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  'pods.': POD_COLUMNS,
  'nodes.': NODE_COLUMNS,
  'events.': EVENT_COLUMNS,
  'events.events.k8s.io': EVENT_COLUMNS,
  'services.': SERVICE_COLUMNS,
  ...WORKLOAD_COLUMNS,
  ...STORAGE_COLUMNS,
};

const GENERIC: readonly Column[] = [NAME_COLUMN, AGE_COLUMN];

const columnsOf = (kind: ResourceKind): readonly Column[] =>
  COLUMNS[`${kind.plural}.${kind.group}`] ?? GENERIC;

/** Whether the client wants a Table: the first acceptable type that the server can write decides. */
export function parseTableRequest(
  accept: string | undefined,
  query: URLSearchParams,
): TableRequest | undefined {
  const [first = ''] = (accept ?? '').split(',');
  const parameters = first.split(';').map((part) => part.trim());
  if (!parameters.includes('as=Table') || !parameters.includes('g=meta.k8s.io')) return undefined;
  const included = query.get('includeObject');
  return { includeObject: included === 'Object' || included === 'None' ? included : 'Metadata' };
}

function rowObject(object: KubeObject, included: IncludedObject): JsonRecord | null {
  switch (included) {
    case 'None':
      return null;
    case 'Object':
      return object;
    case 'Metadata':
      return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
  }
}

function definitionOf({ name, type, priority }: Column): JsonRecord {
  const format = name === 'Name' ? 'name' : '';
  return { name, type, format, description: '', priority };
}

interface TableOptions {
  readonly nowMs: number;
  readonly includeObject: IncludedObject;
  readonly metadata: JsonRecord;
  /** Later frames of a watch leave the definitions out. @default true */
  readonly withDefinitions?: boolean;
}

/** Objects, in the kind's own form, as a meta.k8s.io/v1 Table. */
export function renderTable(
  kind: ResourceKind,
  objects: readonly KubeObject[],
  options: TableOptions,
): JsonRecord {
  const columns = columnsOf(kind);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: options.withDefinitions === false ? null : columns.map(definitionOf),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, options.nowMs)),
      object: rowObject(object, options.includeObject),
    })),
  };
}

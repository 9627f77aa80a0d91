import { ageOf } from './human-duration.js';
import { isRecord } from './json-value.js';
import type { KubeObject } from './kube-object.js';

export type Cell = string | number | boolean;

/** One column of a kind's table: its definition and how a cell is read from an object. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority: 0 | 1;
  readonly cell: (object: KubeObject, nowMs: number) => Cell;
}

export function column(name: string, cell: Column['cell'], type: Column['type'] = 'string'): Column {
  return { name, type, priority: 0, cell };
}

export function wideColumn(name: string, cell: Column['cell']): Column {
  return { name, type: 'string', priority: 1, cell };
}

export const NAME_COLUMN = column('Name', (object) => object.metadata.name);

export const AGE_COLUMN = column('Age', (object, nowMs) => ageOf(object.metadata.creationTimestamp, nowMs));

/** A map of strings as a cell. */
export function mapText(value: unknown): string {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return entries.length === 0 ? '<none>' : entries.map(([key, text]) => `${key}=${text}`).join(',');
}

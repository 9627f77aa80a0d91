import { type JsonRecord, numberAt, recordAt, stringAt } from './json-value.js';
import { formatTime, type KubeObject } from './kube-object.js';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  /** Preconditions: 409 when the object is another one by now. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly dryRun?: boolean;
}

/** Reads an object of kind DeleteOptions; what makes no sense there is left out. */
export function parseDeleteOptions(body: JsonRecord): DeleteOptions {
  const { gracePeriodSeconds: grace, dryRun } = body;
  const preconditions = recordAt(body, 'preconditions');
  const [uid, resourceVersion] = [stringAt(preconditions, 'uid'), stringAt(preconditions, 'resourceVersion')];
  return {
    ...(typeof grace === 'number' && grace >= 0 ? { gracePeriodSeconds: grace } : {}),
    ...(uid === '' ? {} : { uid }),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    ...(Array.isArray(dryRun) && dryRun.includes('All') ? { dryRun: true } : {}),
  };
}

export type DeletionPlan =
  | { readonly kind: 'remove'; readonly object: KubeObject }
  /** It lingers: a deletionTimestamp is set or brought forward. */
  | { readonly kind: 'mark'; readonly object: KubeObject }
  /** It is already going, and not sooner for this. */
  | { readonly kind: 'unchanged'; readonly object: KubeObject };

interface DeletionContext {
  readonly isPod: boolean;
  readonly graceful: boolean;
  readonly options: DeleteOptions;
  readonly nowMs: number;
}

const DEFAULT_GRACE_SECONDS = 30;

function graceOf(object: KubeObject, { isPod, graceful, options }: DeletionContext): number {
  const spec = recordAt(object, 'spec');
  const phase = stringAt(recordAt(object, 'status'), 'phase');
  const isRunning = stringAt(spec, 'nodeName') !== '' && phase !== 'Succeeded' && phase !== 'Failed';
  if (!isPod || !graceful || !isRunning) return 0;
  const own = spec.terminationGracePeriodSeconds;
  const grace = options.gracePeriodSeconds ?? (typeof own === 'number' ? own : DEFAULT_GRACE_SECONDS);
  return Math.max(0, grace);
}

function hasFinalizers(object: KubeObject): boolean {
  const { finalizers } = object.metadata;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

function marked(object: KubeObject, graceSeconds: number, nowMs: number): KubeObject {
  const { metadata } = object;
  const isFirst = metadata.deletionTimestamp === undefined;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(isFirst && metadata.generation !== undefined ? { generation: metadata.generation + 1 } : {}),
      deletionTimestamp: formatTime(nowMs + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
    },
  };
}

/** What a DELETE does to an object: bound pods may have time to stop, finalizers hold anything back. */
export function deletionOf(object: KubeObject, context: DeletionContext): DeletionPlan {
  const grace = graceOf(object, context);
  const isMarked = object.metadata.deletionTimestamp !== undefined;
  const lingers = grace > 0 || hasFinalizers(object);
  if (!lingers) {
    return { kind: 'remove', object: context.isPod && !isMarked ? marked(object, 0, context.nowMs) : object };
  }
  if (isMarked && grace >= numberAt(object.metadata, 'deletionGracePeriodSeconds')) {
    return { kind: 'unchanged', object };
  }
  return { kind: 'mark', object: marked(object, grace, context.nowMs) };
}

/** An update that takes the last finalizer from an object whose time is up removes it. */
export function finishesDeletion(object: KubeObject): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined &&
    !hasFinalizers(object) &&
    numberAt(object.metadata, 'deletionGracePeriodSeconds') === 0
  );
}

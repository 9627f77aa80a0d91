import type { LabelSelector, Labels } from './pod.js';

/*
 * Objects that say which pods belong together: default spreading asks them. And namespaces, whose labels pod affinity asks.
 */

export interface Namespace {
  readonly uid: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly labels: Labels;
}

export interface Service {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** undefined: the service selects nothing. */
  readonly selector: Labels | undefined;
}

/** A ReplicationController, ReplicaSet or StatefulSet. */
export interface PodController {
  readonly apiVersion: 'v1' | 'apps/v1';
  readonly kind: 'ReplicationController' | 'ReplicaSet' | 'StatefulSet';
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** A ReplicationController's map is held as matchLabels; undefined when the object has none. */
  readonly selector: LabelSelector | undefined;
}

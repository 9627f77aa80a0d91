import type { Labels } from './pod.js';
import type { Requests } from './requests.js';

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

export interface NodeImage {
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

/** A node as the scheduler keeps it: what decisions read and nothing else. */
export interface Node {
  readonly uid: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  /** JSON of spec.podPreemptionPolicy, '' for none: no decision reads it yet, but its change is an event. */
  readonly podPreemptionPolicy: string;
  readonly allocatable: Requests;
  readonly allowedPods: number;
  readonly images: readonly NodeImage[];
  /** Ordered as reported. */
  readonly declaredFeatures: readonly string[];
  /** Condition type to status, for requeue events. */
  readonly conditions: Labels;
}

import { type ExtenderAnswer, refused } from './extender-answer.js';
import { WireObject } from './wire-value.js';

/** A pod and the node that it is to be bound to. */
export interface BindOrder {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly nodeName: string;
}

export function bindRequest({ name, namespace, uid, nodeName }: BindOrder): string {
  return JSON.stringify({ PodName: name, PodNamespace: namespace, PodUID: uid, Node: nodeName });
}

/** Reads the answer of the bind verb. Throws `WireShapeError`. */
export function readBindAnswer(document: unknown): ExtenderAnswer<undefined> {
  const error = new WireObject(document, '').text('Error');
  return error === '' ? { kind: 'answered', value: undefined } : refused(error);
}

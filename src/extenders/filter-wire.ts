import { type Status, unresolvable, unschedulable } from '../framework/status.js';
import { type ExtenderAnswer, refused } from './extender-answer.js';
import { ReasonTexts } from './reason-texts.js';
import { readText, WireObject } from './wire-value.js';

/** What an extender is asked about: a pod and the nodes that it fits on so far. */
export interface NodesQuestion {
  /** JSON of the whole pod. */
  readonly podText: string;
  readonly nodeNames: readonly string[];
  /** JSON of the whole node; undefined when it is gone. Asked for only by extenders that keep no nodes of their own. */
  readonly nodeText: (name: string) => string | undefined;
}

/** What one extender made of the nodes. */
export interface FilterAnswer {
  /** Nodes that may be used. Of an extender that is given whole nodes they may be others than those it was asked about. */
  readonly nodeNames: readonly string[];
  readonly refusals: ReadonlyMap<string, Status>;
}

/** The request of the filter and of the prioritize verb. */
export function nodesRequest(
  { podText, nodeNames, nodeText }: NodesQuestion,
  { nodeCacheCapable }: { readonly nodeCacheCapable: boolean },
): string {
  if (nodeCacheCapable) return `{"Pod":${podText},"Nodes":null,"NodeNames":${JSON.stringify(nodeNames)}}`;
  const nodes = nodeNames.map(nodeText).filter((node) => node !== undefined);
  return `{"Pod":${podText},"Nodes":{"metadata":{},"items":[${nodes.join(',')}]},"NodeNames":null}`;
}

/** Reads the answer of the filter verb. Throws `WireShapeError`. */
export function readFilterAnswer(
  document: unknown,
  context: {
    readonly extender: string;
    readonly nodeCacheCapable: boolean;
    readonly asked: readonly string[];
  },
): ExtenderAnswer<FilterAnswer> {
  const answer = new WireObject(document, '');
  const error = answer.text('Error');
  const nodeNames = answer.list('NodeNames', readText);
  const nodes = answer
    .object('Nodes')
    ?.list('items', (item, path) => new WireObject(item, path).object('metadata')?.text('name') ?? '');
  const failed = answer.map('FailedNodes', readText);
  const failedForGood = answer.map('FailedAndUnresolvableNodes', readText);
  if (error !== '') return refused(error);

  const texts = new ReasonTexts();
  const refusals = new Map([
    ...statusesOf(failed, (reason) => unschedulable(texts.bounded(reason))),
    ...statusesOf(failedForGood, (reason) => unresolvable(texts.bounded(reason))),
  ]);
  if (!context.nodeCacheCapable || nodeNames === undefined)
    return { kind: 'answered', value: { nodeNames: nodes ?? [], refusals } };

  const asked = new Set(context.asked);
  const stranger = nodeNames.find((name) => !asked.has(name));
  if (stranger === undefined) return { kind: 'answered', value: { nodeNames, refusals } };
  return refused(
    `extender ${JSON.stringify(context.extender)} claims a filtered node ${JSON.stringify(stranger)} which is not found in the input node list`,
  );
}

/** Nodes with the same reason share one status. */
function statusesOf(
  reasons: ReadonlyMap<string, string>,
  make: (reason: string) => Status,
): [name: string, status: Status][] {
  const made = new Map<string, Status>();
  return Array.from(reasons, ([name, reason]) => {
    const status = made.get(reason) ?? make(reason);
    made.set(reason, status);
    return [name, status];
  });
}

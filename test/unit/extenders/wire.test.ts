import { describe, expect, it } from '@jest/globals';
import { readBindAnswer } from '../../../src/extenders/bind-wire.js';
import { nodesRequest, readFilterAnswer } from '../../../src/extenders/filter-wire.js';
import { preemptRequest, readPreemptAnswer } from '../../../src/extenders/preempt-wire.js';
import { readPrioritizeAnswer } from '../../../src/extenders/prioritize-wire.js';
import { ReasonTexts } from '../../../src/extenders/reason-texts.js';
import { WireShapeError } from '../../../src/extenders/wire-value.js';
import { unresolvable, unschedulable } from '../../../src/framework/status.js';
import { makePod } from '../../build-objects.js';

const podText = '{"metadata":{"name":"p"}}';
const nodeTexts = new Map([['a', '{"metadata":{"name":"a"}}']]);
const nodeText = (name: string) => nodeTexts.get(name);

function filter(document: unknown, options: { nodeCacheCapable?: boolean; asked?: readonly string[] } = {}) {
  const { nodeCacheCapable = true, asked = ['a', 'b'] } = options;
  const answer = readFilterAnswer(document, { extender: 'http://x', nodeCacheCapable, asked });
  return answer.kind === 'answered'
    ? { nodeNames: answer.value.nodeNames, refusals: Object.fromEntries(answer.value.refusals) }
    : answer;
}

describe('a question about nodes', () => {
  const question = { podText, nodeNames: ['a', 'b'], nodeText };

  it('names them to an extender that knows nodes by itself, and leaves the other field null', () => {
    expect(nodesRequest(question, { nodeCacheCapable: true })).toBe(
      '{"Pod":{"metadata":{"name":"p"}},"Nodes":null,"NodeNames":["a","b"]}',
    );
  });

  it('holds them whole for any other, and leaves out those that are gone', () => {
    expect(nodesRequest(question, { nodeCacheCapable: false })).toBe(
      '{"Pod":{"metadata":{"name":"p"}},"Nodes":{"metadata":{},"items":[{"metadata":{"name":"a"}}]},"NodeNames":null}',
    );
  });
});

describe('the answer of a filter', () => {
  it('names the nodes that pass, and gives reasons for others', () => {
    const document = {
      nodenames: ['a'],
      Nodes: null,
      FailedNodes: { b: 'no licence', c: 'both' },
      FAILEDANDUNRESOLVABLENODES: { c: 'never' },
      Error: '',
    };
    expect(filter(document)).toEqual({
      nodeNames: ['a'],
      refusals: { b: unschedulable('no licence'), c: unresolvable('never') },
    });
  });

  it('leaves no node when it names none, in either way', () => {
    const nobody = { nodeNames: [], refusals: {} };
    expect(filter({})).toEqual(nobody);
    expect(filter({ NodeNames: [] })).toEqual(nobody);
    expect(filter(null)).toEqual(nobody);
    expect(filter({ NodeNames: ['a'] }, { nodeCacheCapable: false })).toEqual(nobody);
    expect(filter({ Nodes: { items: null } }, { nodeCacheCapable: false })).toEqual(nobody);
  });

  it('is a lie when it names a node that it was not asked about', () => {
    expect(filter({ NodeNames: ['a', 'z'] })).toMatchObject({
      kind: 'failed',
      trouble: 'error',
      message: 'extender "http://x" claims a filtered node "z" which is not found in the input node list',
    });
  });

  it('may hold whole nodes, of which the names are taken, whoever knows nodes by himself', () => {
    const Nodes = { kind: 'NodeList', Items: [{ metadata: { name: 'a' } }, { MetaData: { Name: 'z' } }] };
    for (const nodeCacheCapable of [true, false])
      expect(filter({ Nodes }, { nodeCacheCapable })).toMatchObject({ nodeNames: ['a', 'z'] });
    expect(filter({ Nodes, NodeNames: ['b'] })).toMatchObject({ nodeNames: ['b'] });
  });

  it('is the error that it tells of, whatever else it says', () => {
    expect(filter({ NodeNames: ['a'], Error: 'no idea' })).toMatchObject({
      kind: 'failed',
      message: 'no idea',
    });
  });

  it.each([
    [{ NodeNames: 'a' }, 'NodeNames is not a list'],
    [{ NodeNames: [1] }, 'NodeNames[0] is not a string'],
    [{ FailedNodes: { b: 1 } }, 'FailedNodes["b"] is not a string'],
    [{ FailedNodes: ['b'] }, 'FailedNodes is not an object'],
    [{ Nodes: { items: [7] } }, 'Nodes.items[0] is not an object'],
    [{ Error: {} }, 'Error is not a string'],
    ['all of them', 'the document is not an object'],
  ])('is not understood as %j', (document, message) => {
    expect(() => filter(document)).toThrow(
      new WireShapeError(message.split(' is not ')[0]!, message.split(' is not ')[1]!),
    );
  });

  it('shares one status among nodes with the same reason', () => {
    const FailedNodes = { a: 'no', b: 'no', c: 'other' };
    const answer = readFilterAnswer({ FailedNodes }, { extender: 'x', nodeCacheCapable: true, asked: [] });
    const statuses = answer.kind === 'answered' ? [...answer.value.refusals.values()] : [];
    expect(statuses[0]).toBe(statuses[1]);
    expect(new Set(statuses).size).toBe(2);
  });

  it('knows nodes by names that objects have of their own', () => {
    const document = JSON.parse('{"NodeNames":["__proto__"],"FailedNodes":{"constructor":"no"}}') as unknown;
    expect(filter(document, { asked: ['__proto__'] })).toEqual({
      nodeNames: ['__proto__'],
      refusals: { constructor: unschedulable('no') },
    });
  });
});

describe('reasons from outside', () => {
  it('are cut, each and together, so that the condition stays small enough to be stored', () => {
    const texts = new ReasonTexts();
    expect(texts.bounded('x'.repeat(2_000))).toBe(`${'x'.repeat(1_020)} ...`);
    const all = Array.from({ length: 5_000 }, (_, i) => texts.bounded(`${i} `.repeat(200)));
    expect([...new Set(all)].reduce((sum, text) => sum + text.length, 0)).toBeLessThan(70_000);
    expect(all.at(-1)).toBe('refused by an extender (its reasons are too long to be told)');
    expect(texts.bounded('0 '.repeat(200))).toBe('0 '.repeat(200));
  });
});

describe('scores', () => {
  it('are taken by name, several for one node added up', () => {
    const document = [
      { Host: 'a', Score: 3 },
      { host: 'b', score: -1 },
      { Host: 'a', Score: 4 },
      { Host: 'c' },
    ];
    const answer = readPrioritizeAnswer(document);
    expect(answer).toEqual({
      kind: 'answered',
      value: new Map([
        ['a', 7],
        ['b', -1],
        ['c', 0],
      ]),
    });
    expect(readPrioritizeAnswer(null)).toEqual({ kind: 'answered', value: new Map() });
  });

  it.each([
    [{}],
    ['many'],
    [[7]],
    [[{ Host: 'a', Score: 1.5 }]],
    [[{ Host: 'a', Score: '1' }]],
    [[{ Host: 1 }]],
    [[{ Host: 'a', Score: 1e300 }]],
    [[{ Host: 'a', Score: 2 ** 40 }]],
  ])('are not understood as %j', (document) => {
    expect(() => readPrioritizeAnswer(document)).toThrow(WireShapeError);
  });
});

describe('a question about victims', () => {
  const victims = [makePod({ uid: 'v1' }), makePod({ uid: 'v2' })];
  const candidates = [
    { slot: 0, nodeName: 'a', victims, budgetViolations: 1 },
    { slot: 1, nodeName: 'b', victims: [victims[0]!], budgetViolations: 0 },
  ];
  const victimText = (uid: string) => (uid === 'v1' ? '{"metadata":{"uid":"v1"}}' : undefined);

  it('names them to an extender that knows pods by itself', () => {
    expect(
      JSON.parse(preemptRequest({ podText, candidates, victimText }, { nodeCacheCapable: true })),
    ).toEqual({
      Pod: { metadata: { name: 'p' } },
      NodeNameToVictims: null,
      NodeNameToMetaVictims: {
        a: { Pods: [{ UID: 'v1' }, { UID: 'v2' }], NumPDBViolations: 1 },
        b: { Pods: [{ UID: 'v1' }], NumPDBViolations: 0 },
      },
    });
  });

  it('holds them whole for any other', () => {
    expect(
      JSON.parse(preemptRequest({ podText, candidates, victimText }, { nodeCacheCapable: false })),
    ).toEqual({
      Pod: { metadata: { name: 'p' } },
      NodeNameToVictims: {
        a: { Pods: [{ metadata: { uid: 'v1' } }], NumPDBViolations: 1 },
        b: { Pods: [{ metadata: { uid: 'v1' } }], NumPDBViolations: 0 },
      },
      NodeNameToMetaVictims: null,
    });
  });

  it('is answered with names by everybody', () => {
    const document = {
      NodeNameToMetaVictims: {
        a: { Pods: [{ UID: 'v2' }], numPDBViolations: 3 },
        b: null,
        c: { Pods: null },
      },
    };
    expect(readPreemptAnswer(document)).toEqual({
      kind: 'answered',
      value: new Map([
        ['a', { uids: ['v2'], budgetViolations: 3 }],
        ['b', { uids: [], budgetViolations: 0 }],
        ['c', { uids: [], budgetViolations: 0 }],
      ]),
    });
    expect(readPreemptAnswer({})).toEqual({ kind: 'answered', value: new Map() });
    expect(() => readPreemptAnswer({ NodeNameToMetaVictims: { a: { Pods: ['v2'] } } })).toThrow(
      'NodeNameToMetaVictims["a"].Pods[0] is not an object',
    );
  });
});

describe('the answer of a binder', () => {
  it('is an error when it says so, cut to what can be shown', () => {
    expect(readBindAnswer({})).toEqual({ kind: 'answered', value: undefined });
    expect(readBindAnswer({ error: 'taken' })).toMatchObject({
      kind: 'failed',
      message: 'taken',
      sent: true,
    });
    expect(readBindAnswer({ Error: 'x'.repeat(5_000) })).toMatchObject({
      message: `${'x'.repeat(1_020)} ...`,
    });
    expect(() => readBindAnswer({ Error: 1 })).toThrow(WireShapeError);
  });
});

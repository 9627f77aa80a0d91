import { beforeEach, describe, expect, it } from '@jest/globals';
import { NodeTable } from '../../../../src/cluster/node-table.js';
import type { Pod } from '../../../../src/cluster/pod.js';
import { unschedulable } from '../../../../src/framework/status.js';
import { VainTrials } from '../../../../src/plugins/default-preemption/vain-trials.js';
import type { Trial } from '../../../../src/plugins/default-preemption/victims-on-node.js';
import { makeNode, makePod, type PodParts } from '../../../build-objects.js';

const refused: Trial = { kind: 'refused', status: unschedulable('Insufficient cpu') };
const found = { kind: 'candidate', candidate: {} } as Trial;

let nodes: NodeTable;
let slot: number;
let vain: VainTrials;
/** How often the node was really tried. */
let tried: number;

beforeEach(() => {
  nodes = new NodeTable();
  slot = nodes.setNode(makeNode({ name: 'a' }));
  vain = new VainTrials();
  tried = 0;
});

const giant = (parts: PodParts = {}): Pod => makePod({ requests: { cpu: '99' }, priority: 10, ...parts });

function tryFor(pod: Pod, answer = refused): Trial {
  return vain.remembering(pod, nodes, () => {
    tried += 1;
    return answer;
  })(slot);
}

describe('a node that was tried in vain', () => {
  it('is not tried again for the next pod of the template, to which the same is said', () => {
    expect([tryFor(giant()), tryFor(giant())]).toEqual([refused, refused]);
    expect(tried).toBe(1);
  });

  it.each<[string, () => void]>([
    ['a pod came', () => nodes.addPod('a', makePod({ nodeName: 'a' }))],
    ['the node changed', () => nodes.setNode(makeNode({ name: 'a', allocatable: { cpu: '100' } }))],
    [
      'the node was made anew',
      () => {
        nodes.removeNode('a');
        nodes.setNode(makeNode({ name: 'a' }));
      },
    ],
  ])('is tried again when %s', (_what, happens) => {
    tryFor(giant());
    happens();
    tryFor(giant());
    expect(tried).toBe(2);
  });

  it.each<[string, PodParts]>([
    ['priority', { priority: 11 }],
    ['template', { requests: { cpu: '98' } }],
  ])('is tried for a pod of another %s', (_what, parts) => {
    tryFor(giant());
    tryFor(giant(parts));
    expect(tried).toBe(2);
  });

  it('is remembered for sixteen templates, those used last', () => {
    const templates = Array.from({ length: 17 }, (_, index) => ({ requests: { cpu: String(50 + index) } }));
    for (const template of templates) tryFor(giant(template));
    tryFor(giant(templates[16]));
    expect(tried).toBe(17);
    tryFor(giant(templates[0]));
    expect(tried).toBe(18);
  });
});

describe('a node where preemption would help', () => {
  it('is tried each time: budgets and victims may be others', () => {
    tryFor(giant(), found);
    tryFor(giant(), found);
    expect(tried).toBe(2);
  });
});

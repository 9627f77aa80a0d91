import { describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type { HypotheticalNodes, PostFilterPlugin, PostFilterResult } from '../../../src/framework/plugin.js';
import { failure, type Status, unresolvable, unschedulable } from '../../../src/framework/status.js';
import type { EvaluationObserver } from '../../../src/scheduler/evaluation-observer.js';
import { runPostFilters } from '../../../src/scheduler/post-filter-pass.js';
import { makePod } from '../../build-objects.js';
import { profileOf } from './scheduling-fixture.js';

const rejections = { nodeCount: 0, statusOf: () => undefined };
const hypothetical: HypotheticalNodes = {
  byRowAlone: false,
  try: () => {
    throw new Error('nothing to try');
  },
};

const none = new Set();

let asked: string[] = [];

function answering(name: string, answer: PostFilterResult | (() => never)): PostFilterPlugin {
  return {
    name,
    postFilter: () => {
      asked.push(name);
      return typeof answer === 'function' ? answer() : answer;
    },
  };
}

const refusing = (name: string, status: Status, clearNomination = false): PostFilterPlugin =>
  answering(name, { kind: 'rejected', status, clearNomination });
const promising = (name: string): PostFilterPlugin =>
  answering(name, { kind: 'nominated', nodeName: 'a', message: 'a is yours' });

function run(plugins: readonly PostFilterPlugin[], observer?: EvaluationObserver) {
  asked = [];
  const cycle = new Cycle(makePod(), new ClusterState().nodes);
  return runPostFilters(cycle, profileOf(plugins), { rejections, hypothetical, observer });
}

describe('PostFilter plugins', () => {
  it('take a promise back when there are none of them', () => {
    expect(run([])).toEqual({ code: 'Unschedulable', message: '', nominate: '', rejectors: none });
  });

  it('are asked until one promises a node, whose message is then the only one', () => {
    const plugins = [refusing('A', unschedulable('no'), true), promising('B'), promising('C')];
    expect(run(plugins)).toEqual({ code: 'Success', message: 'a is yours', nominate: 'a', rejectors: none });
    expect(asked).toEqual(['A', 'B']);
  });

  it('have their reasons joined when none helps', () => {
    const plugins = [
      refusing('A', unschedulable('one', 'two')),
      refusing('B', unschedulable()),
      refusing('C', unschedulable('three')),
    ];
    expect(run(plugins)).toEqual({
      code: 'Unschedulable',
      message: 'one, two, three',
      nominate: undefined,
      rejectors: none,
    });
  });

  it('clear a nomination when one of them says so', () => {
    const plugins = [refusing('A', unschedulable('one'), true), refusing('B', unschedulable('two'))];
    expect(run(plugins)).toMatchObject({ message: 'one, two', nominate: '' });
  });

  it('end with one that says that nothing helps, which alone decides about the nomination', () => {
    const final = [
      refusing('A', unschedulable('one'), true),
      refusing('B', unresolvable('never')),
      promising('C'),
    ];
    expect(run(final)).toEqual({
      code: 'UnschedulableAndUnresolvable',
      message: 'never',
      nominate: undefined,
      rejectors: none,
    });
    expect(asked).toEqual(['A', 'B']);
    expect(run([refusing('A', unresolvable('never'), true)]).nominate).toBe('');
  });

  it('end with one that fails: its text is the message, and the nomination stays', () => {
    const plugins = [
      refusing('A', unschedulable('one'), true),
      refusing('B', failure('not found'), true),
      promising('C'),
    ];
    expect(run(plugins)).toEqual({
      code: 'Error',
      message: 'not found',
      nominate: undefined,
      rejectors: none,
    });
    expect(asked).toEqual(['A', 'B']);
  });

  it('count as failed when they throw', () => {
    const throwing = answering('A', () => {
      throw new Error('broken');
    });
    expect(run([throwing, promising('B')])).toEqual({
      code: 'Error',
      message: 'broken',
      nominate: undefined,
      rejectors: none,
    });
  });

  it('name all plugins that kept them from helping', () => {
    const kept = (name: string, ...rejectors: string[]): PostFilterPlugin =>
      answering(name, {
        kind: 'rejected',
        status: unschedulable(name),
        clearNomination: true,
        rejectors: new Set(rejectors),
      });
    const { rejectors } = run([kept('A', 'X'), refusing('B', unschedulable('two')), kept('C', 'X', 'Y')]);
    expect([...rejectors]).toEqual(['X', 'Y']);
  });

  it('are measured as one extension point', () => {
    const points: unknown[] = [];
    const observer = { seconds: () => 0, onPoint: (...point: unknown[]) => points.push(point) };
    run([promising('A')], observer);
    run([refusing('A', failure('broken'))], observer);
    expect(points).toEqual([
      ['PostFilter', 'Success', 0],
      ['PostFilter', 'Error', 0],
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../src/random.js';
import { FaultInjector } from '../../faults/fault-injector.js';
import { frameFaultNames, requestFaultNames } from '../../faults/fault-kinds.js';
import { describePlan, type FaultRule, planFaults } from '../../faults/fault-plan.js';
import { classifyRequest } from '../../faults/request-class.js';
import { planWorkload } from '../../faults/workload.js';

const plan = (seed: number, lengthMs = 2_400) => planFaults({ seed, lengthMs, maxDelayMs: 400 });

const rule: FaultRule = {
  kind: 'request',
  fault: 'reset',
  from: 100,
  until: 200,
  share: 0.5,
  classes: ['bind'],
  ms: 0,
  limit: 1_000,
  seed: 7,
};

const bind = classifyRequest('POST', new URL('http://server/api/v1/namespaces/default/pods/a/binding'));
const list = classifyRequest('GET', new URL('http://server/api/v1/pods?limit=500'));

describe('a plan of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(plan(3)).toEqual(plan(3));
    expect(plan(3)).not.toEqual(plan(4));
  });

  it('comes with the same nodes, pods and deeds for the same seed', () => {
    const workload = (seed: number) => planWorkload(seededRandom(seed), { lengthMs: 2_400 });
    expect(workload(3)).toEqual(workload(3));
    expect(workload(3)).not.toEqual(workload(4));
  });

  it('has faults begin and end within its length', () => {
    for (let seed = 0; seed < 50; seed++)
      for (const { from, until } of plan(seed, 5_000).rules) {
        expect(from).toBeLessThan(until);
        expect(until).toBeLessThanOrEqual(5_030);
      }
  });

  it('leaves no kind of fault out, over some hundred seeds', () => {
    const planned = new Set(
      Array.from({ length: 300 }, (_, seed) => plan(seed).rules.map(({ fault }) => fault)).flat(),
    );
    expect([...requestFaultNames, ...frameFaultNames].filter((fault) => !planned.has(fault))).toEqual([]);
  });

  it('is told line by line, in the order of time', () => {
    const { rules, incidents } = plan(2);
    const lines = describePlan(plan(2));
    expect(lines).toHaveLength(rules.length + incidents.length);
    const starts = lines.map((line) => Number.parseFloat(line));
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });
});

describe('an injector', () => {
  /** What it says to 200 requests in a row. */
  const answers = (rules: readonly FaultRule[], now: number, request = bind) => {
    const injector = new FaultInjector(rules, () => now);
    return Array.from({ length: 200 }, () => injector.forRequest(request)?.fault ?? '');
  };

  it('keeps to the time of a rule and to what it is about', () => {
    expect(answers([rule], 150)).toContain('reset');
    expect(answers([rule], 99)).not.toContain('reset');
    expect(answers([rule], 200)).not.toContain('reset');
    expect(answers([rule], 150, list)).not.toContain('reset');
    expect(answers([{ ...rule, resource: 'nodes' }], 150)).not.toContain('reset');
  });

  it('treats about the share it is told, alike for the same seed, and no more often than the limit', () => {
    const reset = answers([rule], 150).filter((fault) => fault === 'reset').length;
    expect(reset).toBeGreaterThan(70);
    expect(reset).toBeLessThan(130);
    expect(answers([rule], 150)).toEqual(answers([rule], 150));
    expect(answers([{ ...rule, limit: 3 }], 150).filter((fault) => fault === 'reset')).toHaveLength(3);
  });

  it('does not let the draws of one rule shift those of another', () => {
    const other: FaultRule = { ...rule, fault: 'hang', classes: ['list'], seed: 9 };
    expect(answers([other, rule], 150)).toEqual(answers([rule], 150));
  });

  it('does nothing once it has ended', () => {
    const injector = new FaultInjector([{ ...rule, share: 1 }], () => 150);
    expect(injector.forRequest(bind)?.fault).toBe('reset');
    injector.end();
    expect(injector.forRequest(bind)).toBeUndefined();
  });
});

describe('requests', () => {
  const classOf = (method: string, path: string): string =>
    classifyRequest(method, new URL(path, 'http://server')).class;

  it('are told apart by what they are for', () => {
    const pod = '/api/v1/namespaces/default/pods/a';
    expect(classOf('GET', '/api/v1/pods?limit=500')).toBe('list');
    expect(classOf('GET', '/api/v1/pods?watch=true')).toBe('watch');
    expect(classOf('GET', pod)).toBe('read');
    expect(classOf('POST', `${pod}/binding`)).toBe('bind');
    expect(classOf('PATCH', `${pod}/status`)).toBe('status');
    expect(classOf('DELETE', pod)).toBe('evict');
    expect(classOf('POST', `${pod}/eviction`)).toBe('evict');
    expect(classOf('PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/berth')).toBe('lease');
    expect(classOf('POST', '/apis/events.k8s.io/v1/namespaces/default/events')).toBe('event');
    expect(classOf('GET', '/readyz')).toBe('other');
    expect(bind).toMatchObject({ resource: 'pods', namespace: 'default', name: 'a' });
  });
});

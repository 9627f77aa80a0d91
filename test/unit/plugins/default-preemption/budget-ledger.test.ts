import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DisruptionBudget } from '../../../../src/cluster/disruption-budget.js';
import { ObjectTable } from '../../../../src/cluster/object-table.js';
import type { LabelSelector } from '../../../../src/cluster/pod.js';
import { BudgetLedger } from '../../../../src/plugins/default-preemption/budget-ledger.js';
import { makePod } from '../../../build-objects.js';

let budgets: ObjectTable<DisruptionBudget>;
let ledger: BudgetLedger;

beforeEach(() => {
  budgets = new ObjectTable();
  ledger = new BudgetLedger(budgets);
});

function budget(
  name: string,
  selector: LabelSelector | undefined,
  disruptionsAllowed: number,
  parts: { readonly namespace?: string; readonly disruptedPods?: readonly string[] } = {},
): void {
  budgets.set({
    uid: name,
    name,
    namespace: parts.namespace ?? 'default',
    resourceVersion: '1',
    selector,
    disruptionsAllowed,
    disruptedPods: new Set(parts.disruptedPods),
  });
}

const web: LabelSelector = { matchLabels: { app: 'web' } };
const webPod = (name?: string) => makePod({ labels: { app: 'web' }, ...(name && { name }) });

/** Which of the pods violate a budget, walked in this order. */
function violations(...pods: Parameters<BudgetLedger['isViolatedBy']>[0][]): boolean[] {
  ledger.begin();
  return pods.map((pod) => ledger.isViolatedBy(pod));
}

describe('a disruption budget', () => {
  it('protects the pods it selects beyond the disruptions that are left', () => {
    budget('web', web, 2);
    expect(violations(webPod(), webPod(), webPod(), webPod())).toEqual([false, false, true, true]);
  });

  it('is untouched again for the next node', () => {
    budget('web', web, 1);
    expect(violations(webPod(), webPod())).toEqual([false, true]);
    expect(violations(webPod())).toEqual([false]);
  });

  it('protects pods of its own namespace, by labels and by expressions', () => {
    budget('web', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db'] }] }, 0);
    const elsewhere = makePod({ labels: { app: 'web' }, namespace: 'other' });
    expect(violations(elsewhere, webPod(), makePod({ labels: { app: 'db' } }))).toEqual([false, true, false]);
  });

  it.each([
    ['absent', undefined],
    ['empty', {}],
    ['invalid', { matchExpressions: [{ key: 'app', operator: 'In', values: [] }] }],
    ['invalid in its labels', { matchLabels: { app: 'not a value!' } }],
  ] satisfies [string, LabelSelector | undefined][])(
    'protects nobody when its selector is %s',
    (_what, selector) => {
      budget('web', selector, 0);
      expect(violations(webPod())).toEqual([false]);
    },
  );

  it('protects no pod without labels, even when the selector would match it', () => {
    budget('web', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, 0);
    expect(violations(makePod(), makePod({ labels: { tier: 'x' } }))).toEqual([false, true]);
  });

  it('does not count a pod whose eviction it has counted already', () => {
    budget('web', web, 0, { disruptedPods: ['going'] });
    expect(violations(webPod('going'), webPod('staying'))).toEqual([false, true]);
  });

  it('is spared by a pod that violated another before it', () => {
    budget('a', web, 0);
    budget('b', { matchLabels: { tier: 'front' } }, 1);
    const both = makePod({ labels: { app: 'web', tier: 'front' } });
    const onlyB = makePod({ labels: { tier: 'front' } });
    expect(violations(both, onlyB, onlyB)).toEqual([true, false, true]);
  });

  it('that is overdrawn already protects from the first pod on', () => {
    budget('web', web, -1);
    expect(violations(webPod())).toEqual([true]);
  });

  it('counts as it is when the next node’s turn comes', () => {
    budget('web', web, 0);
    expect(violations(webPod())).toEqual([true]);
    budget('web', web, 1);
    expect(violations(webPod())).toEqual([false]);
    budgets.delete({ namespace: 'default', name: 'web' });
    expect(violations(webPod(), webPod())).toEqual([false, false]);
  });
});

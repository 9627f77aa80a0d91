import type { DisruptionBudget } from '../../cluster/disruption-budget.js';
import type { ObjectTable } from '../../cluster/object-table.js';
import type { Pod } from '../../cluster/pod.js';
import { compileLabelSelector, type LabelMatcher } from '../../kube/label-selector.js';

interface Account {
  readonly selector: LabelMatcher;
  readonly disruptedPods: ReadonlySet<string>;
  /** Disruptions left, in the run under way. */
  left: number;
  readonly allowed: number;
}

const noAccounts: readonly Account[] = [];
const selectors = new WeakMap<DisruptionBudget, LabelMatcher | undefined>();

/**
 * What PodDisruptionBudgets have left while the possible victims of one node are gone through. Budgets whose selector is invalid,
 * absent or empty protect nobody.
 */
export class BudgetLedger {
  readonly #budgets: ObjectTable<DisruptionBudget>;
  readonly #byNamespace = new Map<string, Account[]>();
  #version = -1;

  constructor(budgets: ObjectTable<DisruptionBudget>) {
    this.#budgets = budgets;
  }

  /** Begins a run: all budgets are untouched again. */
  begin(): void {
    if (this.#version !== this.#budgets.version) this.#read();
    for (const accounts of this.#byNamespace.values())
      for (const account of accounts) account.left = account.allowed;
  }

  /**
   * Takes the pod's disruption off the budgets that protect it; true when one of them had none left. The budgets behind that one are
   * spared.
   */
  isViolatedBy(pod: Pod): boolean {
    if (!hasLabels(pod)) return false;
    for (const account of this.#byNamespace.get(pod.namespace) ?? noAccounts) {
      if (!account.selector.matches(pod.labels) || account.disruptedPods.has(pod.name)) continue;
      account.left -= 1;
      if (account.left < 0) return true;
    }
    return false;
  }

  #read(): void {
    this.#version = this.#budgets.version;
    this.#byNamespace.clear();
    for (const budget of this.#budgets.values()) {
      const selector = selectorOf(budget);
      if (selector === undefined) continue;
      const { namespace, disruptedPods, disruptionsAllowed: allowed } = budget;
      const account = { selector, disruptedPods, allowed, left: allowed };
      const known = this.#byNamespace.get(namespace);
      if (known === undefined) this.#byNamespace.set(namespace, [account]);
      else known.push(account);
    }
  }
}

function selectorOf(budget: DisruptionBudget): LabelMatcher | undefined {
  if (selectors.has(budget)) return selectors.get(budget);
  const compiled = compileLabelSelector(budget.selector);
  const selector = compiled.ok && !compiled.selector.isEmpty ? compiled.selector : undefined;
  selectors.set(budget, selector);
  return selector;
}

function hasLabels({ labels }: Pod): boolean {
  for (const _key in labels) return true;
  return false;
}

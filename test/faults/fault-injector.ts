import type { Random } from '../../src/random.js';
import { seededRandom } from '../../src/random.js';
import type { FrameFault, RequestFault } from './fault-kinds.js';
import type { FaultRule } from './fault-plan.js';
import type { ClassifiedRequest } from './request-class.js';

export interface ChosenFault<F> {
  readonly fault: F;
  readonly ms: number;
  /** A draw for whoever needs one more. */
  readonly draw: number;
}

interface ArmedRule {
  readonly rule: FaultRule;
  readonly random: Random;
  used: number;
}

/** Decides, by the rules of a plan, what becomes of each request and each frame, and counts what was done. */
export class FaultInjector {
  readonly injected = new Map<string, number>();
  readonly #rules: readonly ArmedRule[];
  readonly #now: () => number;
  #over = false;

  /** @param now real milliseconds since the start of the plan */
  constructor(rules: readonly FaultRule[], now: () => number) {
    this.#rules = rules.map((rule) => ({ rule, random: seededRandom(rule.seed), used: 0 }));
    this.#now = now;
  }

  /** From now on nothing is disturbed. */
  end(): void {
    this.#over = true;
  }

  get ended(): boolean {
    return this.#over;
  }

  forRequest(request: ClassifiedRequest): ChosenFault<RequestFault> | undefined {
    return this.#choose('request', request) as ChosenFault<RequestFault> | undefined;
  }

  forFrame(watch: ClassifiedRequest): FrameFault | undefined {
    return this.#choose('frame', watch)?.fault as FrameFault | undefined;
  }

  count(fault: string, by = 1): void {
    this.injected.set(fault, (this.injected.get(fault) ?? 0) + by);
  }

  #choose(kind: FaultRule['kind'], request: ClassifiedRequest): ChosenFault<string> | undefined {
    if (this.#over) return undefined;
    const now = this.#now();
    for (const armed of this.#rules) {
      const { rule, random } = armed;
      if (rule.kind !== kind || now < rule.from || now >= rule.until || armed.used >= rule.limit) continue;
      if (!rule.classes.includes(request.class)) continue;
      if (rule.resource !== undefined && rule.resource !== request.resource) continue;
      if (random() >= rule.share) continue;
      armed.used += 1;
      return { fault: rule.fault, ms: rule.ms, draw: random() };
    }
    return undefined;
  }
}

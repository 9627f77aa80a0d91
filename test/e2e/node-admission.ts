/** Amounts by the name of a resource, as manifests write them. */
export type Quantities = Readonly<Record<string, string>>;

/** Why a kubelet does not take a pod, in the words of its status. */
export interface AdmissionRefusal {
  readonly reason: string;
  readonly message: string;
}

const THOUSANDTHS: Readonly<Record<string, number>> = {
  m: 1,
  '': 1e3,
  k: 1e6,
  Ki: 1e3 * 1024,
  Mi: 1e3 * 1024 ** 2,
  Gi: 1e3 * 1024 ** 3,
};

/** The room of one node as its kubelet keeps account of it: whoever is heard of first has it. */
export class NodeAdmission {
  readonly #allocatable: ReadonlyMap<string, number>;
  readonly #used = new Map<string, number>();
  /** What was taken, by UID. */
  readonly #admitted = new Map<string, ReadonlyMap<string, number>>();

  constructor(allocatable: Quantities) {
    this.#allocatable = amounts(allocatable);
  }

  /** What this refuses first is the first of pods, cpu, memory and the rest that is short. */
  refusalOf(requests: Quantities): AdmissionRefusal | undefined {
    for (const [name, requested] of asked(requests)) {
      const [used, capacity] = [this.#used.get(name) ?? 0, this.#allocatable.get(name) ?? 0];
      if (requested === 0 || used + requested <= capacity) continue;
      const message = `Pod was rejected: Node didn't have enough resource: ${name}, requested: ${requested / 1e3}, used: ${used / 1e3}, capacity: ${capacity / 1e3}`;
      return { reason: `OutOf${name}`, message };
    }
    return undefined;
  }

  /** Takes a pod if there is room; returns why not. A pod that was taken stays so, however often it is asked for. */
  admit(uid: string, requests: Quantities): AdmissionRefusal | undefined {
    if (this.#admitted.has(uid)) return undefined;
    const refusal = this.refusalOf(requests);
    if (refusal !== undefined) return refusal;
    const taken = asked(requests);
    this.#admitted.set(uid, taken);
    this.#add(taken, 1);
    return undefined;
  }

  /** The pod has ended. */
  release(uid: string): void {
    const taken = this.#admitted.get(uid);
    if (taken === undefined) return;
    this.#admitted.delete(uid);
    this.#add(taken, -1);
  }

  #add(taken: ReadonlyMap<string, number>, sign: 1 | -1): void {
    for (const [name, amount] of taken) this.#used.set(name, (this.#used.get(name) ?? 0) + sign * amount);
  }
}

function asked(requests: Quantities): ReadonlyMap<string, number> {
  return new Map([['pods', 1e3], ...amounts(requests)]);
}

/** In thousandths, which are whole numbers for all that is asked for here. */
function amounts(quantities: Quantities): Map<string, number> {
  return new Map(
    Object.entries(quantities).map(([name, quantity]) => {
      const [, digits = '', suffix = ''] = /^(\d+)([A-Za-z]*)$/.exec(quantity) ?? [];
      const factor = THOUSANDTHS[suffix];
      if (digits === '' || factor === undefined)
        throw new Error(`no kubelet here reads ${name}: ${quantity}`);
      return [name, Number(digits) * factor];
    }),
  );
}

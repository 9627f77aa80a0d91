import type { Workload } from './workload.js';

/** A workload at one size. */
export interface BenchCase {
  readonly workload: Workload;
  readonly nodes: number;
  readonly pods: number;
}

/** Name of a case among all: `basic-500`. */
export function caseName({ workload, nodes }: BenchCase): string {
  return `${workload.name}-${nodes}`;
}

export interface CaseChoice {
  /** Names of workloads, or of cases (`basic-500`); all when left out. */
  readonly only?: readonly string[] | undefined;
  /** Sizes of the cluster instead of each workload's own. */
  readonly nodes?: readonly number[] | undefined;
  /** Pods instead of each workload's own. */
  readonly pods?: number | undefined;
}

/** What is to be measured. @throws Error that says which name is unknown. */
export function chooseCases(workloads: readonly Workload[], choice: CaseChoice): BenchCase[] {
  const known = workloads.flatMap(casesOf);
  const { only } = choice;
  const strange = only?.find(
    (name) => !known.some((each) => each.workload.name === name || caseName(each) === name),
  );
  if (strange !== undefined) {
    const names = workloads.map(({ name }) => name).join(', ');
    throw new Error(`there is no workload ${strange}; there are ${names}`);
  }
  const chosen = known.filter(
    (each) => only === undefined || only.includes(each.workload.name) || only.includes(caseName(each)),
  );
  const sized = choice.nodes === undefined ? chosen : resized(chosen, choice.nodes);
  return sized.map((each) => ({ ...each, pods: choice.pods ?? each.pods }));
}

function casesOf(workload: Workload): BenchCase[] {
  return workload.sizes.map((size) => ({ workload, ...size }));
}

/** Each of the workloads at each of the sizes, with the pods of its own case of that size, or else of its first one. */
function resized(cases: readonly BenchCase[], sizes: readonly number[]): BenchCase[] {
  const chosen = [...new Set(cases.map(({ workload }) => workload))];
  return chosen.flatMap((workload) =>
    sizes.map((nodes) => {
      const own = workload.sizes.find((size) => size.nodes === nodes) ?? workload.sizes[0];
      return { workload, nodes, pods: own?.pods ?? 0 };
    }),
  );
}

import type { BenchCase } from '../../../bench/cluster/bench-case.js';
import { type CaseResult, type Circumstances, caseResult } from '../../../bench/cluster/case-result.js';
import type { Figures } from '../../../bench/cluster/figures.js';
import { workloads } from '../../../bench/cluster/workloads.js';

export const circumstances: Circumstances = {
  date: '2030-01-02',
  command: 'npm run bench',
  commit: 'abc1234',
  processor: 'Abacus',
  processors: 2,
  memoryGb: 8,
  platform: 'Linux 6',
  node: 'v24.0.0',
  kubernetes: 'v1.37.1',
  etcd: 'v3.7.0',
};

export const benchCase: BenchCase = { workload: workloads[0]!, nodes: 50, pods: 20 };

/** A result of a workload by its name. */
export function resultOf(
  name: string,
  nodes: number,
  figures: { readonly berth?: Figures; readonly other?: Figures; readonly ceiling?: Figures } = {},
): CaseResult {
  const workload = workloads.find((each) => each.name === name);
  if (workload === undefined) throw new Error(`there is no workload ${name}`);
  const { berth = { podsPerSecond: 900 }, other = { podsPerSecond: 300 }, ceiling } = figures;
  const runs = { berth: [berth], other: [other], ceiling: ceiling === undefined ? [] : [ceiling] };
  return caseResult({ workload, nodes, pods: 100 }, runs, {
    against: 'kube-scheduler',
    seconds: 1,
    circumstances,
  });
}

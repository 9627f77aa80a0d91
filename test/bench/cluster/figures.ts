/** What is measured in one run; a figure that makes no sense for a workload is left out. */
export interface Figures {
  /** Pods bound per second, from the first to the last. */
  readonly podsPerSecond?: number;
  /** Processor time per pod, in milliseconds, from the first binding until the scheduler is at rest. */
  readonly cpuMsPerPod?: number;
  /**
   * The same as a part of what kube-apiserver took meanwhile. It does the same for each pod in every run of a case, so how fast the machine was
   * at the time does not count.
   */
  readonly cpuToApiServer?: number;
  /** Most memory held, in MB. */
  readonly peakRssMb?: number;
  /** Average of scheduler_scheduling_algorithm_duration_seconds, in milliseconds. */
  readonly algorithmMs?: number;
  /** Attempts of all results. */
  readonly attempts?: number;
  /** Answers 429. */
  readonly throttled?: number;
  /** Requests sent again. */
  readonly retries?: number;
  /** Events in the API server at the end. */
  readonly events?: number;
  /** Pods per second until the events were written too; of the binder alone. */
  readonly podsPerSecondWithEvents?: number;
  readonly nodesUsed?: number;
  /** Standard deviation of requested processors per node, in percent of a node. */
  readonly cpuDeviation?: number;
  /** From created to bound, in milliseconds. */
  readonly latencyP50Ms?: number;
  readonly latencyP99Ms?: number;
  /** Pods created per second. */
  readonly arrivalsPerSecond?: number;
  /** From the start of the process until `/readyz` answers 200, in seconds. */
  readonly readySeconds?: number;
  /** From the start of the process until the first pod is bound, in seconds. */
  readonly firstBoundSeconds?: number;
  /** Longest time between two renewals of the Lease, in seconds. */
  readonly leaseGapSeconds?: number;
  /** 99.9th percentile and maximum of how late the event loop was, in milliseconds; of Berth alone. */
  readonly eventLoopP999Ms?: number;
  readonly eventLoopMaxMs?: number;
}

export type FigureName = keyof Figures;

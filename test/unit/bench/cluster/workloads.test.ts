import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { imageEnvironment } from '../../../bench/cluster/contender.js';
import { longestGap } from '../../../bench/cluster/lease-watch.js';
import { nodeCores } from '../../../bench/cluster/node-objects.js';
import { boundPodObjects, podObject } from '../../../bench/cluster/pod-objects.js';
import { cpuMs, peakRssMb } from '../../../bench/cluster/process-usage.js';
import { figuresOfMetrics } from '../../../bench/cluster/scheduler-figures.js';
import { workloads } from '../../../bench/cluster/workloads.js';
import { projectRoot } from '../../../controlplane/project-root.js';
import { Exposition } from '../../../soak/exposition.js';

describe('workloads', () => {
  it('have names of their own', () => {
    expect(new Set(workloads.map(({ name }) => name)).size).toBe(workloads.length);
  });

  it('make the same pod of the same index, so that both schedulers get the same', () => {
    for (const { pod } of workloads) expect(pod(17)).toEqual(pod(17));
  });

  it('make no two pods alike where none is to be known', () => {
    const unseen = workloads.find(({ name }) => name === 'basic-unseen');
    const requests = Array.from({ length: 2000 }, (_, index) => JSON.stringify(unseen?.pod(index).requests));
    expect(new Set(requests).size).toBe(2000);
  });

  it('fill every node with pods that give way', () => {
    const pods = [...boundPodObjects({ nodes: 3, bound: { perNode: 4, kind: 'victim' } })];
    expect(pods).toHaveLength(12);
    expect(JSON.stringify(pods[3])).toBe(
      JSON.stringify(
        podObject('bound-3', {
          labels: { app: 'app-3' },
          requests: { cpu: String(nodeCores / 4), memory: '512Mi' },
          spec: { nodeName: 'node-0' },
        }),
      ),
    );
  });
});

describe('what is read of the machine', () => {
  it('takes from the image what decides about memory', () => {
    const dockerfile = readFileSync(join(projectRoot(), 'Dockerfile'), 'utf8');
    expect(imageEnvironment(dockerfile)).toEqual({
      NODE_OPTIONS: expect.stringContaining('--max-semi-space-size='),
      MALLOC_ARENA_MAX: '1',
      MALLOC_TRIM_THRESHOLD_: '131072',
    });
    expect(() => imageEnvironment('FROM scratch')).toThrow('the Dockerfile does not set NODE_OPTIONS');
  });

  it('finds the processor time and the peak memory of a process', () => {
    const before = cpuMs(process.pid);
    // The kernel counts in hundredths of a second.
    for (const from = process.cpuUsage(); process.cpuUsage(from).user < 60_000; );
    expect(cpuMs(process.pid)).toBeGreaterThan(before);
    expect(peakRssMb(process.pid)).toBeGreaterThan(10);
  });

  it('finds the longest time between two renewals', () => {
    expect(longestGap([10, 12, 19, 21])).toBe(7);
    expect(longestGap([10])).toBe(0);
  });
});

describe('what schedulers say of themselves', () => {
  const common = `
scheduler_scheduling_algorithm_duration_seconds_sum 1.5
scheduler_scheduling_algorithm_duration_seconds_count 3000
scheduler_schedule_attempts_total{profile="bench",result="scheduled"} 2990
scheduler_schedule_attempts_total{profile="bench",result="unschedulable"} 10
rest_client_requests_total{code="201",host="h",method="POST"} 6000
rest_client_requests_total{code="429",host="h",method="POST"} 40
`;

  it('is an average in milliseconds, attempts of all results, and answers that ask for patience', () => {
    const figures = figuresOfMetrics(new Exposition(common));
    expect(figures).toEqual({ algorithmMs: 0.5, attempts: 3000, throttled: 40, retries: 40 });
  });

  it('has retries where they are counted', () => {
    const retries = 'rest_client_request_retries_total{code="429",host="h",verb="POST"} 38\n';
    expect(figuresOfMetrics(new Exposition(common + retries)).retries).toBe(38);
  });
});

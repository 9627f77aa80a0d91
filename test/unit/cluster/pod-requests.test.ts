import { describe, expect, it } from '@jest/globals';
import {
  accountedRequests,
  type ContainerResources,
  defaultRequests,
  filterRequests,
  hasPodLevelRequests,
  type PodResources,
  podTotal,
  scoringRequests,
} from '../../../src/cluster/pod-requests.js';
import { amountOf } from '../../../src/cluster/resource-map.js';

const Mi = 2 ** 20;
const map = (amounts: Record<string, string>) =>
  new Map(Object.entries(amounts).map(([name, quantity]) => [name, amountOf(name, quantity)]));
const container = (
  requests: Record<string, string> = {},
  status: { allocated?: Record<string, string>; actuated?: Record<string, string> } = {},
): ContainerResources => ({
  requests: map(requests),
  sidecar: false,
  allocated: status.allocated && map(status.allocated),
  actuated: status.actuated && map(status.actuated),
});
const sidecar = (requests: Record<string, string>): ContainerResources => ({
  ...container(requests),
  sidecar: true,
});
const pod = (containers: ContainerResources[], rest: Partial<PodResources> = {}): PodResources => ({
  initContainers: [],
  containers,
  ...rest,
});
const both = (cpu: string) => ({ allocated: { cpu }, actuated: { cpu } });
const noStatus = { resizeInfeasible: false, hasResources: false };

describe('requests of a pod with sidecars, init containers and overhead', () => {
  const layered = pod([container({ cpu: '1', memory: '1Gi' }), container({ memory: '512Mi' })], {
    initContainers: [
      container({ cpu: '2', memory: '1Gi' }),
      sidecar({ cpu: '200m', memory: '256Mi' }),
      container({ cpu: '1', memory: '4Gi' }),
      sidecar({ cpu: '300m' }),
    ],
    overhead: map({ cpu: '50m', memory: '64Mi' }),
  });

  it('are the higher of what runs together and what starts up, plus overhead', () => {
    expect(filterRequests(layered)).toMatchObject({ cpu: 2050, memory: 4630511616 });
  });

  it('are scored with defaults for every container, sidecars included', () => {
    expect(scoringRequests(layered)).toMatchObject({ cpu: 2050, memory: 4630511616 });
    const running = {
      ...layered,
      initContainers: layered.initContainers.filter((c) => c.sidecar),
      overhead: undefined,
    };
    expect(scoringRequests(running)).toMatchObject({ cpu: 1600, memory: 1792 * Mi + 200 * Mi });
  });

  it('add overhead for names that no container asks for', () => {
    const requests = filterRequests(pod([container()], { overhead: map({ 'example.com/x': '2' }) }));
    expect([...requests.scalars]).toEqual([['example.com/x', 2]]);
  });

  it('do not count a sidecar for an init container that ran before it', () => {
    const early = pod([container()], { initContainers: [container({ cpu: '1' }), sidecar({ cpu: '300m' })] });
    expect(filterRequests(early).cpu).toBe(1000);
    const late = pod([container()], { initContainers: [sidecar({ cpu: '300m' }), container({ cpu: '1' })] });
    expect(filterRequests(late).cpu).toBe(1300);
  });
});

describe('requests by purpose', () => {
  it.each([
    ['two containers without requests', pod([container(), container()]), [0, 0], [200, 419430400], [0, 0]],
    ['an explicit 0 of cpu', pod([container({ cpu: '0' })]), [0, 0], [0, 209715200], [0, 0]],
    [
      'pod-level cpu',
      pod([container({ cpu: '500m', memory: '1Gi' }), container()], { podLevel: map({ cpu: '3' }) }),
      [3000, 1073741824],
      [600, 1283457024],
      [3000, 1073741824],
    ],
  ])('%s', (_, resources, filter, scoring, accounted) => {
    const pair = ({ cpu, memory }: { cpu: number; memory: number }) => [cpu, memory];
    expect(pair(filterRequests(resources))).toEqual(filter);
    expect(pair(scoringRequests(resources))).toEqual(scoring);
    expect(pair(accountedRequests(resources).accounted)).toEqual(accounted);
  });

  it('keep a scalar of 0', () => {
    expect([...filterRequests(pod([container({ 'example.com/gpu': '0' })])).scalars]).toEqual([
      ['example.com/gpu', 0],
    ]);
  });

  it('let pod-level requests replace and not add, also downwards, and only for names that may be pod-level', () => {
    const small = pod([container({ cpu: '4', 'example.com/gpu': '1' })], {
      podLevel: map({ cpu: '1', 'hugepages-2Mi': '8Mi', 'example.com/gpu': '5' }),
      overhead: map({ cpu: '50m' }),
    });
    const requests = filterRequests(small);
    expect(requests.cpu).toBe(1050);
    expect(Object.fromEntries(requests.scalars)).toEqual({ 'hugepages-2Mi': 8 * Mi, 'example.com/gpu': 1 });
  });

  it('see no pod-level requests where none of the names may be pod-level', () => {
    const other = pod([container({ cpu: '1' })], { podLevel: map({ 'example.com/gpu': '5' }) });
    expect(hasPodLevelRequests(other)).toBe(false);
    expect(hasPodLevelRequests(pod([]))).toBe(false);
    expect(filterRequests(other).scalars.size).toBe(0);
  });
});

describe('what scoring counts as used on a node', () => {
  it('has both defaults for each container of a pod without pod-level requests', () => {
    const { accounted, nonZeroCpu, nonZeroMemory } = accountedRequests(
      pod([container({ cpu: '1' }), container()]),
    );
    expect([accounted.cpu, accounted.memory, nonZeroCpu, nonZeroMemory]).toEqual([1000, 0, 1100, 400 * Mi]);
  });

  it('has a default of a pod with pod-level requests only where the whole pod lacks the name', () => {
    const two = [container(), container()];
    const cpuOnly = accountedRequests(pod(two, { podLevel: map({ cpu: '3' }) }));
    expect([cpuOnly.nonZeroCpu, cpuOnly.nonZeroMemory]).toEqual([3000, 400 * Mi]);
    const oneHasMemory = pod([container({ memory: '1Mi' }), container()], { podLevel: map({ cpu: '3' }) });
    expect(accountedRequests(oneHasMemory).nonZeroMemory).toBe(Mi);
    const overhead = pod(two, { podLevel: map({ cpu: '3' }), overhead: map({ memory: '64Mi' }) });
    expect(accountedRequests(overhead).nonZeroMemory).toBe(64 * Mi);
    const zero = pod(two, { podLevel: map({ cpu: '3', memory: '0' }) });
    expect(accountedRequests(zero).nonZeroMemory).toBe(0);
  });
});

describe('what is taken while a resize is under way', () => {
  const a2 = { cpu: '2' };
  const b1 = { cpu: '1' };
  const infeasible = { resizeInfeasible: true, hasResources: false };

  it.each<[string, PodResources, number]>([
    [
      'is the highest of the totals, not of each container',
      pod([container(a2, both('1')), container(b1, both('2'))]),
      3000,
    ],
    [
      'falls back from resources in force to allocated ones',
      pod([container(a2, { allocated: { cpu: '3' } }), container(b1, both('2'))]),
      5000,
    ],
    [
      'leaves out what will not come',
      pod([container(a2, both('1')), container(b1)], { status: infeasible }),
      1000,
    ],
    [
      'takes the amounts of the pod as a whole where both are reported',
      pod([container(a2, both('1')), container(b1)], {
        status: {
          ...noStatus,
          hasResources: true,
          allocated: map({ cpu: '1500m' }),
          actuated: map({ cpu: '5' }),
        },
      }),
      5000,
    ],
    [
      'counts the status of init containers',
      pod([container({ cpu: '500m' })], { initContainers: [container({ cpu: '1' }, both('3'))] }),
      3000,
    ],
  ])('%s', (_, resources, cpu) => {
    expect(accountedRequests(resources).accounted.cpu).toBe(cpu);
    expect(accountedRequests(resources).nonZeroCpu).toBeGreaterThanOrEqual(cpu);
  });

  it('does not use the amounts of the pod as a whole where only one is reported', () => {
    const half = pod([container(a2)], { status: { ...noStatus, allocated: map({ cpu: '9' }) } });
    expect(accountedRequests(half).accounted.cpu).toBe(2000);
  });

  it('raises pod-level requests to what the status reports, for every name it reports', () => {
    const growing = pod([container({ cpu: '500m', memory: '1Gi' })], {
      podLevel: map({ cpu: '3' }),
      status: { ...noStatus, hasResources: true, actuated: map({ cpu: '4', memory: '2Gi' }) },
    });
    expect(accountedRequests(growing).accounted).toMatchObject({ cpu: 4000, memory: 2147483648 });
    expect(filterRequests(growing)).toMatchObject({ cpu: 3000, memory: 1073741824 });
    const kept = podTotal(growing, { status: true, podLevel: true });
    expect([kept.get('cpu'), kept.get('memory')]).toEqual([3000, 1073741824]);
  });

  it('forgets pod-level requests that are infeasible once the status reports its own', () => {
    const status = { resizeInfeasible: true, hasResources: true, actuated: map({ cpu: '1' }) };
    const resources = pod([container()], { podLevel: map({ cpu: '3' }), status });
    expect(accountedRequests(resources).accounted.cpu).toBe(1000);
    const silent = pod([container()], { podLevel: map({ cpu: '3' }), status: infeasible });
    expect(accountedRequests(silent).accounted.cpu).toBe(3000);
  });
});

describe('resources taken by claims', () => {
  const claims = map({ cpu: '1', memory: '1Gi' });

  it('are added once, whether the status is considered or not', () => {
    const claiming = pod([container({ cpu: '2' })], { claims });
    for (const status of [false, true]) {
      expect(podTotal(claiming, { status }).get('cpu')).toBe(3000);
    }
    expect(podTotal(claiming, { status: true, defaults: defaultRequests }).get('memory')).toBe(1224 * Mi);
  });

  it('are not added to what is in force, nor to amounts of the pod as a whole', () => {
    const inForce = pod([container({ cpu: '2' }, { allocated: { cpu: '1' }, actuated: { cpu: '8' } })], {
      claims,
    });
    expect(podTotal(inForce, { status: true }).get('cpu')).toBe(8000);
    const status = {
      ...noStatus,
      hasResources: true,
      allocated: map({ cpu: '9' }),
      actuated: map({ cpu: '1' }),
    };
    const whole = { ...inForce, status };
    expect(podTotal(whole, { status: true, podLevelResize: true }).get('cpu')).toBe(9000);
  });
});

import { definePlugin, type NodeView, z } from 'berth';
import { PlacedPods } from './placed-pods.js';
import { type NodeUsage, readUsage } from './usage.js';

/** What a pod counts for that asks for no CPU, milli-cores. */
const leastCpu = 100;

/**
 * Prefers nodes that have CPU to spare by measurement, not by request. Measurements are fetched in the background. As they get older they
 * count for less, and what pods request for more; when they are too old, requests alone decide.
 */
export const plugin = definePlugin({
  name: 'LiveUsage',
  points: ['score', 'reserve'],
  args: z.strictObject({
    /** Base URL of a Prometheus API. */
    prometheus: z.url(),
    /** An instant query for the share of its CPU that each node uses, 0 to 1. */
    query: z.string().default('1 - avg by (node) (rate(node_cpu_seconds_total{mode="idle"}[2m]))'),
    /** The label of the answer that names the node. */
    nodeLabel: z.string().default('node'),
    refreshSeconds: z.number().min(1).default(15),
    /** Until this age a measurement counts in full. */
    freshSeconds: z.number().min(0).default(60),
    /** From this age on it does not count at all. */
    staleSeconds: z.number().positive().default(300),
  }),
  create: ({ args, clock, every, fetch, log }) => {
    const { prometheus, query, nodeLabel } = args;
    const freshMs = args.freshSeconds * 1_000;
    const staleMs = Math.max(args.staleSeconds * 1_000, freshMs + 1);
    const url = `${prometheus.replace(/\/$/, '')}/api/v1/query?query=${encodeURIComponent(query)}`;
    const placed = new PlacedPods();
    let usage: ReadonlyMap<string, NodeUsage> = new Map();

    every(args.refreshSeconds * 1_000, async (signal) => {
      usage = await readUsage(fetch, url, {
        nodeLabel,
        signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
      });
      log.debug('read the usage of nodes', { nodes: usage.size });
      placed.forgetBefore(clock.now() - staleMs);
    });

    /** 1 while a measurement is fresh, 0 when it is stale, in between a line. */
    const trustIn = ({ at }: NodeUsage): number =>
      Math.min(1, Math.max(0, (staleMs - (clock.now() - at)) / (staleMs - freshMs)));

    const usedShare = (node: NodeView): number => {
      const cpu = node.allocatable('cpu');
      if (cpu === 0) return 1;
      const requested = node.requested('cpu') / cpu;
      const measured = usage.get(node.name);
      if (measured === undefined) return requested;
      const trust = trustIn(measured);
      const live = measured.share + placed.cpuSince(node.name, measured.at) / cpu;
      return trust * live + (1 - trust) * requested;
    };

    return {
      score: (_pod, node) => 100 * (1 - Math.min(1, usedShare(node))),
      reserve: ({ uid, spec }, nodeName) => {
        placed.add(nodeName, { uid, cpu: Math.max(spec.requests.cpu, leastCpu), at: clock.now() });
        return undefined;
      },
      unreserve: ({ uid }, nodeName) => placed.remove(nodeName, uid),
      // It refuses no pod: no event can change its mind.
      events: [],
    };
  },
});

import { definePlugin, z } from 'berth';

/**
 * Orders the queue by tiers, which pods name in a label: the first tier before the second. Within a tier, higher priority first, then
 * pods that ask for less CPU, then those that wait longer. Pods of no known tier come last.
 */
export const plugin = definePlugin({
  name: 'TieredQueue',
  points: ['queueSort'],
  args: z.strictObject({
    label: z.string().default('example.com/tier'),
    tiers: z.array(z.string()).min(1, 'must name at least one tier'),
  }),
  create: ({ args }) => {
    const rank = new Map(args.tiers.map((tier, index) => [tier, index]));
    return {
      queueKey: (pod, queuedAt) => [
        rank.get(pod.labels[args.label] ?? '') ?? args.tiers.length,
        -pod.priority,
        pod.spec.requests.cpu,
        queuedAt,
      ],
      // It refuses no pod: no event can change its mind.
      events: [],
    };
  },
});

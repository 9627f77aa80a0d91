import { definePlugin, z } from 'berth';

/** Scores a node by a number in one of its annotations: 0 is worst, 100 is best. What is no such number counts as 0. */
export const plugin = definePlugin({
  name: 'NodeAnnotationScore',
  points: ['score'],
  args: z.strictObject({ annotation: z.string() }),
  create: ({ args }) => ({
    score: (_pod, node) => {
      const value = Number(node.annotations[args.annotation] ?? 0);
      return value >= 0 && value <= 100 ? value : 0;
    },
  }),
});

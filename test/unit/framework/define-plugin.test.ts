import { describe, expect, it } from '@jest/globals';
import {
  type Attempt,
  definePlugin,
  type NodeView,
  type Pod,
  unschedulable,
  z,
} from '../../../src/plugin-api.js';

describe('definePlugin', () => {
  it('gives functions the types of their extension points, and create the type of the checked arguments', () => {
    const plugin = definePlugin({
      name: 'Typed',
      points: ['filter', 'score'],
      args: z.strictObject({ annotation: z.string(), weight: z.number().default(1) }),
      create: ({ args, profile }) => ({
        filter: (pod, node) => {
          const typed: [Pod, NodeView, string] = [pod, node, profile];
          return typed.length === 3 ? undefined : unschedulable('never');
        },
        score: (_pod, node, attempt) => {
          const typed: [string, number, Attempt] = [args.annotation, args.weight, attempt];
          return Number(node.annotations[typed[0]] ?? 0) * typed[1];
        },
      }),
    });
    expect(plugin).toMatchObject({ name: 'Typed', points: ['filter', 'score'] });
  });

  it('does not compile without the functions of a point that is named', () => {
    definePlugin({
      name: 'Half',
      points: ['filter', 'score'],
      // @ts-expect-error score is missing
      create: () => ({ filter: () => undefined }),
    });
    definePlugin({
      name: 'Wrong',
      points: ['score'],
      // @ts-expect-error a score is a number
      create: () => ({ score: () => 'high' }),
    });
    // @ts-expect-error there is no such extension point
    definePlugin({ name: 'Odd', points: ['preScoring'], create: () => ({}) });
    definePlugin({
      name: 'Bare',
      points: ['score'],
      // @ts-expect-error without a schema there are no arguments
      create: ({ args }) => ({ score: () => args.length }),
    });
  });
});

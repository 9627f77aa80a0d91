import { Action, definePlugin, unresolvable, z } from 'berth';

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 08:30');

/**
 * Keeps batch pods off the nodes that people work on during business hours. Nodes and pods say by labels what they are. When business
 * hours end, pods that were refused are tried again at once.
 */
export const plugin = definePlugin({
  name: 'BusinessHours',
  points: ['preFilter', 'filter'],
  args: z.strictObject({
    /** As in the tz database: Europe/Berlin. */
    timeZone: z.string().default('UTC'),
    days: z.array(z.enum(days)).default(['Mon', 'Tue', 'Wed', 'Thu', 'Fri']),
    from: timeOfDay.default('08:00'),
    to: timeOfDay.default('18:00'),
    /** Nodes with this label are for people. */
    nodeLabel: z.string().default('example.com/interactive'),
    /** Pods with this label can wait. */
    podLabel: z.string().default('example.com/batch'),
  }),
  create: ({ args, clock, every, retryRefused }) => {
    // Made once: making one takes longer than using it a thousand times. Throws on a time zone that does not exist.
    const local = new Intl.DateTimeFormat('en-GB', {
      timeZone: args.timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    const isOpen = (): boolean => {
      const parts = Object.fromEntries(
        local.formatToParts(clock.now()).map(({ type, value }) => [type, value]),
      );
      const time = `${parts.hour}:${parts.minute}`;
      return args.days.some((day) => day === parts.weekday) && time >= args.from && time < args.to;
    };

    let wasOpen = isOpen();
    every(10_000, () => {
      const open = isOpen();
      if (wasOpen && !open) retryRefused();
      wasOpen = open;
    });

    return {
      // Asked once per pod, so that nights and other pods cost nothing per node.
      preFilter: (pod) => (args.podLabel in pod.labels && isOpen() ? undefined : 'skip'),
      filter: (_pod, node) =>
        args.nodeLabel in node.labels
          ? unresolvable(`node(s) were kept for people until ${args.to} ${args.timeZone}`)
          : undefined,
      events: [{ resource: 'Node', action: Action.Add | Action.UpdateNodeLabel }],
    };
  },
});

import { z } from 'berth';

/** What a node used, and when it was measured. */
export interface NodeUsage {
  /** Of the node's CPU: 0 to 1, more when it is overloaded. */
  readonly share: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** An instant query's answer: one sample for each node. */
const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

/** Asks a Prometheus API how much of its CPU each node uses. Throws on any other answer than numbers. */
export async function readUsage(
  request: typeof fetch,
  url: string,
  { nodeLabel, signal }: { readonly nodeLabel: string; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, NodeUsage>> {
  const response = await request(url, { signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const { data } = answer.parse(await response.json());
  const usage = new Map<string, NodeUsage>();
  for (const { metric, value } of data.result) {
    const name = metric[nodeLabel];
    const share = Number(value[1]);
    if (name !== undefined && Number.isFinite(share) && share >= 0)
      usage.set(name, { share, at: value[0] * 1_000 });
  }
  return usage;
}

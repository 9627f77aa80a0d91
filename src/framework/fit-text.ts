/**
 * How kube-scheduler tells that no node will do: of how many nodes, and how many of them gave each reason. The order is that of the
 * entries' bytes.
 */
export function fitText(nodeCount: number, reasonCounts: ReadonlyMap<string, number>): string {
  const head = `0/${nodeCount} nodes are available:`;
  if (reasonCounts.size === 0) return head;
  const entries = [...reasonCounts].map(([reason, count]) => `${count} ${reason}`);
  return `${head} ${entries.sort(byBytes).join(', ')}.`;
}

/** Byte order of UTF-8, which is not the order of UTF-16 units. */
function byBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

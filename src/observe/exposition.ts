/** The text format of version 0.0.4, named as Kubernetes components name it. */
export const expositionContentType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/**
 * Makes prom-client's text what a Kubernetes component would print: families without series are left out, and small
 * bucket bounds are written as Go writes them (`1e-05`), because `le` is compared as text by many queries.
 */
export function asKubernetesExposition(text: string): string {
  const families = text.trimEnd().split('\n\n');
  const filled = families.filter((family) => !family.slice(family.lastIndexOf('\n') + 1).startsWith('#'));
  return `${filled.join('\n')}\n`.replace(/(?<=[{,])le="(0\.0000\d+)"/g, (_whole, bound: string) => {
    return `le="${goExponent(Number(bound))}"`;
  });
}

function goExponent(bound: number): string {
  return bound.toExponential().replace(/e-(\d)$/, 'e-0$1');
}

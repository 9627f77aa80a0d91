const namePart = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The syntax of label keys and resource names: an optional DNS prefix and `/`, then a name of at most 63 characters. */
export function isQualifiedName(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash === -1) {
    return namePart.test(text);
  }
  const prefix = text.slice(0, slash);
  return prefix.length <= 253 && dnsSubdomain.test(prefix) && namePart.test(text.slice(slash + 1));
}

/** A resource of somebody's own, such as `example.com/dongle`: not one of Kubernetes' and not a quota key. */
export function isExtendedResourceName(text: string): boolean {
  const native = !text.includes('/') || text.slice(0, text.indexOf('/')).endsWith('kubernetes.io');
  return !native && !text.startsWith('requests.') && isQualifiedName(`requests.${text}`);
}

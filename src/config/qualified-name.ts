const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Kubernetes' words for what a name may hold; users know and search for them. */
const nameSyntax =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const subdomainSyntax =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelValueSyntax =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/**
 * What is wrong with a label key or resource name, in Kubernetes' words; empty when nothing is.
 * The syntax: an optional DNS prefix and `/`, then a name of at most 63 characters.
 */
export function qualifiedNameProblems(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${nameSyntax} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  const [first = '', second] = parts;
  if (second !== undefined) {
    if (first === '') {
      problems.push('prefix part must be non-empty');
    } else {
      if (Buffer.byteLength(first) > 253) problems.push('prefix part must be no more than 253 bytes');
      if (!dnsSubdomain.test(first)) problems.push(`prefix part ${subdomainSyntax}`);
    }
  }
  const name = second ?? first;
  if (name === '') problems.push('name part must be non-empty');
  if (Buffer.byteLength(name) > 63) problems.push('name part must be no more than 63 bytes');
  if (!namePart.test(name)) problems.push(`name part ${nameSyntax}`);
  return problems;
}

/** What is wrong with a label value, in Kubernetes' words; empty when nothing is. */
export function labelValueProblems(text: string): string[] {
  const problems: string[] = [];
  if (Buffer.byteLength(text) > 63) problems.push('must be no more than 63 bytes');
  if (text !== '' && !namePart.test(text)) problems.push(labelValueSyntax);
  return problems;
}

/** A resource of somebody's own, such as `example.com/dongle`: not one of Kubernetes' and not a quota key. */
export function isExtendedResourceName(text: string): boolean {
  const native = !text.includes('/') || text.includes('kubernetes.io/');
  return !native && !text.startsWith('requests.') && qualifiedNameProblems(`requests.${text}`).length === 0;
}

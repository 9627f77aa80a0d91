import type { ResourceKind } from './resource-kind.js';
import { type FieldProblem, invalid, invalidValue, required } from './status-error.js';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
  "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Throws 422 for a name no object may have. */
export function checkName(kind: ResourceKind, name: string): void {
  const problem =
    name === ''
      ? required('metadata.name', 'name or generateName is required')
      : nameProblem('metadata.name', name);
  if (problem !== undefined) throw invalid(kind, name, [problem]);
}

/** What is wrong with a field that names an object; undefined when nothing is. */
export function nameProblem(field: string, name: string): FieldProblem | undefined {
  if (name.length > 253) return invalidValue(field, name, 'must be no more than 253 characters');
  return SUBDOMAIN.test(name) ? undefined : invalidValue(field, name, SUBDOMAIN_RULE);
}

import { join } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../controlplane/project-root.js';

/** The object that brings the alerts into a cluster. */
export const prometheusRulePath = join(
  projectRoot(),
  'manifests',
  'components',
  'monitoring',
  'prometheus-rule.yaml',
);

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

/** The alerts of a PrometheusRule, or of a rule file: its `spec`. */
export function alertsOf(text: string): AlertRule[] {
  const object = parse(text) as Partial<RuleFile> & { readonly spec?: RuleFile };
  return ((object.spec ?? object) as RuleFile).groups.flatMap(({ rules }) => rules);
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly AlertRule[] }[];
}

/** What stands below `spec:`, as a file that a Prometheus without the operator reads. */
export function ruleFile(prometheusRule: string): string {
  const [, below] = prometheusRule.split(/^spec:\n/m);
  if (below === undefined) throw new Error('the PrometheusRule has no spec');
  return below.replaceAll(/^ {2}/gm, '');
}

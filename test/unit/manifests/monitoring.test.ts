import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { Metrics } from '../../../src/observe/metrics.js';
import { alertsOf, prometheusRulePath } from '../../prometheus/alert-rules.js';
import { dashboardPanels, panelQueries } from '../../prometheus/dashboard.js';
import { projectFolder } from './manifest-files.js';

const runbooks = join(projectFolder, 'docs', 'runbooks');
const alerts = alertsOf(readFileSync(prometheusRulePath, 'utf8'));
const queries = [
  ...panelQueries({ job: 'berth', rateInterval: '1m' }).map(({ panel, query }) => [panel, query] as const),
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
];

/** What Prometheus adds to every series of a target, or makes itself. */
const targetLabels = ['job', 'instance', 'pod', 'namespace', 'le'];

/** Every metric that Berth has, with its labels: those that the code declares, and those of the process. */
const known = new Map<string, readonly string[]>([['up', []]]);
let metrics: Metrics;

beforeAll(() => {
  const registered = jest.spyOn(Registry.prototype, 'registerMetric');
  metrics = new Metrics();
  for (const [metric] of registered.mock.calls)
    known.set((metric as unknown as { readonly name: string }).name, []);
  registered.mockRestore();
  const declared = readFileSync(join(projectFolder, 'src/observe/metrics.ts'), 'utf8');
  for (const [, kind = '', name = '', rest = ''] of declared.matchAll(
    /#(\w+)\(\{\s+name: '(\w+)',(.*?)\}\)/gs,
  )) {
    const labels = /labels: \[([^\]]*)\]/.exec(rest)?.[1]?.match(/\w+/g) ?? [];
    const ends = kind.toLowerCase().endsWith('histogram') ? ['_bucket', '_sum', '_count'] : [''];
    // Declared, but never registered: nobody would see it.
    expect([name, known.has(name)]).toEqual([name, true]);
    for (const end of ends) known.set(name + end, labels);
  }
});

afterAll(() => metrics.close());

/** Metrics of a query, with the labels that it asks for in braces. */
function selectors(query: string): { readonly metric: string; readonly labels: readonly string[] }[] {
  return [...query.matchAll(/([a-z][a-z_0-9]*)\{([^}]*)\}/g)].map(([, metric = '', matchers = '']) => ({
    metric,
    labels: [...matchers.matchAll(/([a-z_]+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
  }));
}

/** Labels that a query groups or joins by. */
function groupings(query: string): string[] {
  return [...query.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
}

describe('the queries of the dashboard and of the alerts', () => {
  it.each(queries)('%s asks for metrics and labels that Berth has: %s', (_where, query) => {
    const asked = selectors(query);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.map(({ metric }) => metric).filter((metric) => !known.has(metric))).toEqual([]);
    const labels = new Set(targetLabels);
    for (const { metric, labels: used } of asked) {
      const own = known.get(metric) ?? [];
      expect(used.filter((label) => !own.includes(label) && !targetLabels.includes(label))).toEqual([]);
      for (const label of own) labels.add(label);
    }
    expect(groupings(query).filter((label) => !labels.has(label))).toEqual([]);
  });

  it('stay with one job', () => {
    for (const [, query] of queries)
      for (const { labels } of selectors(query)) expect(labels).toContain('job');
  });
});

describe('the dashboard', () => {
  const panels = dashboardPanels();

  it('tells of everything that an operator asks for', () => {
    const all = queries.map(([, query]) => query).join('\n');
    for (const metric of [
      'scheduler_pending_pods',
      'scheduler_schedule_attempts_total',
      'scheduler_pod_scheduling_sli_duration_seconds_bucket',
      'scheduler_unschedulable_pods',
      'berth_refused_attempts_total',
      'scheduler_preemption_victims_sum',
      'leader_election_master_status',
      'berth_cache_divergence',
      'berth_event_loop_delay_seconds',
      'berth_binder_inflight',
    ])
      expect(all).toContain(metric);
    expect(all).toContain('code="429"');
    expect(panels.map(({ type }) => type)).toContain('heatmap');
  });

  it('explains every panel, and lays none over another', () => {
    const shown = panels.filter(({ type }) => type !== 'row');
    expect(shown.filter(({ description = '' }) => description.length < 10)).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.has(`${x} ${y}`)]).toEqual([title, false]);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});

describe('every alert', () => {
  const tests = parse(readFileSync(join(projectFolder, 'test/prometheus/alerts.test.yaml'), 'utf8')) as {
    readonly tests: readonly {
      readonly name: string;
      readonly promql_expr_test: readonly {
        readonly expr: string;
        readonly exp_samples: readonly unknown[];
      }[];
    }[];
  };

  it.each(alerts)('$alert has a page that shows its expression, and the index names it', (alert) => {
    const { summary, runbook_url: page } = alert.annotations;
    expect(page).toBe(`docs/runbooks/${alert.alert}.md`);
    const text = readFileSync(join(projectFolder, page), 'utf8');
    expect(text).toContain(`\n\`\`\`promql\n${alert.expr}\n\`\`\`\n`);
    expect(text).toContain(`*${alert.labels.severity}*: ${summary}`);
    const row = `| [${alert.alert}](${alert.alert}.md) | ${alert.labels.severity} | ${summary} |`;
    expect(readFileSync(join(runbooks, 'README.md'), 'utf8')).toContain(row);
  });

  it.each(alerts)('$alert is tried where it has to fire and where it must not', ({ alert }) => {
    const mine = tests.tests.filter(({ promql_expr_test: [check] }) => check?.expr.includes(`"${alert}"`));
    const expected = mine.flatMap(({ promql_expr_test: checks }) =>
      checks.map(({ exp_samples: samples }) => (samples.length > 0 ? 'fires' : 'is silent')),
    );
    expect([...new Set(expected)].sort()).toEqual(['fires', 'is silent']);
  });

  it('is the only thing that there are pages for', () => {
    const pages = readdirSync(runbooks).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(alerts.map(({ alert }) => `${alert}.md`).sort());
  });

  it('links to pages that there are', () => {
    for (const page of readdirSync(runbooks)) {
      const text = readFileSync(join(runbooks, page), 'utf8');
      const links = [...text.matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) => target);
      expect(links.filter((target) => !existsSync(join(runbooks, target)))).toEqual([]);
    }
  });
});

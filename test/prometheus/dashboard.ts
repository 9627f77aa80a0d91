import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../controlplane/project-root.js';

export interface PanelQuery {
  readonly panel: string;
  /** As Prometheus takes it: Grafana's variables are filled in. */
  readonly query: string;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

const path = join(projectRoot(), 'manifests', 'components', 'monitoring', 'grafana-dashboard.json');

export function dashboardPanels(): readonly Panel[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly panels: readonly Panel[] }).panels;
}

/** Every query of every panel, for a job and for rates over `rateInterval`. */
export function panelQueries(options: { readonly job: string; readonly rateInterval: string }): PanelQuery[] {
  return dashboardPanels().flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      panel: title,
      query: expr.replaceAll('$job', options.job).replaceAll('$__rate_interval', options.rateInterval),
    })),
  );
}

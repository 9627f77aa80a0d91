import { styleText } from 'node:util';
import { podKey } from '../../cluster/pod.js';
import type { EmbeddedApiServer } from '../../kube/embedded/embedded-api-server.js';
import { alignedTable } from '../../observe/table.js';
import type { Placement } from '../../scheduler/placement.js';
import type { Outcome } from '../../scheduler/scheduler.js';
import type { CommandContext } from '../command-context.js';
import type { Workload } from './workloads.js';

type Style = Parameters<typeof styleText>[0];

interface PodSummary {
  readonly metadata: { readonly name: string; readonly labels?: { readonly app?: string } };
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

/** Families worth showing to somebody who sees them for the first time. */
const shownMetrics =
  /^(scheduler_schedule_attempts_total|scheduler_pending_pods|scheduler_scheduling_algorithm_duration_seconds_(sum|count)|scheduler_pod_scheduling_sli_duration_seconds_(sum|count)|scheduler_queue_incoming_pods_total|scheduler_unschedulable_pods|scheduler_cache_size|rest_client_requests_total|berth_reflector_synced|berth_build_info)/;

/** Writes the demo to the terminal, or as plain lines where there is none. */
export class DemoReport {
  readonly #out: CommandContext['stdout'];
  readonly #colors: boolean;
  readonly #started = performance.now();

  constructor(context: CommandContext, options: { readonly color: boolean }) {
    this.#out = context.stdout;
    this.#colors = options.color && context.stdout.isTTY === true && (context.env.NO_COLOR ?? '') === '';
  }

  title(text: string): void {
    this.#write(`\n${this.#styled('bold', text)}`);
  }

  line(name: string, about: string): void {
    this.#write(`  ${name.padEnd(14)}${this.#styled('dim', about)}`);
  }

  note(text: string): void {
    this.#write(`${this.#time()}  ${this.#styled('cyan', text)}`);
  }

  submitted({ name, about, object }: Workload): void {
    this.#write(
      `${this.#time()}  ${this.#styled('bold', `${String(object.kind).toLowerCase()}/${name}`)}  ${this.#styled('dim', about)}`,
    );
  }

  outcome(outcome: Outcome): void {
    switch (outcome.kind) {
      case 'bound':
        this.#write(
          `${this.#time()}    ${this.#styled('green', 'placed ')} ${podKey(outcome.pod)} on ${this.#styled('bold', outcome.pod.nodeName)}  ${this.#styled('dim', describePlacement(outcome.placement))}`,
        );
        break;
      case 'pending':
        this.#write(
          `${this.#time()}    ${this.#styled('yellow', 'refused')} ${podKey(outcome.pod)}  ${outcome.message}`,
        );
        break;
      case 'overtaken':
        this.#write(`${this.#time()}    overtaken ${podKey(outcome.pod)} by ${outcome.by}`);
    }
  }

  summary(workloads: readonly Workload[], api: EmbeddedApiServer): void {
    const pods = api.list({ apiVersion: 'v1', kind: 'Pod' }) as unknown as readonly PodSummary[];
    this.title('Summary');
    const rows = workloads.map((workload) => {
      const own = pods.filter((pod) => pod.metadata.labels?.app === workload.name);
      const nodes = own.flatMap((pod) => pod.spec.nodeName ?? []);
      return [workload.name, String(own.length), String(nodes.length), countEach(nodes), reasonOf(own)];
    });
    for (const line of alignedTable(['WORKLOAD', 'PODS', 'PLACED', 'NODES', 'WHY NOT'], rows))
      this.#write(`  ${line}`);
  }

  metrics(url: string, body: string): void {
    this.title(`Metrics (a part of GET ${url})`);
    for (const line of body.split('\n')) if (shownMetrics.test(line)) this.#write(`  ${line}`);
  }

  closing(): void {
    this.#write(
      `\n${this.#styled('green', 'Done')} in ${((performance.now() - this.#started) / 1000).toFixed(1)} s.`,
    );
  }

  kept(kubeconfig: string): void {
    this.title('Everything goes on running; Ctrl-C ends it');
    this.#write(`  export KUBECONFIG=${kubeconfig}`);
    this.#write('  kubectl get pods -o wide');
    this.#write('  kubectl run mine --image=nginx --overrides=\'{"spec":{"schedulerName":"berth"}}\'');
  }

  #time(): string {
    return this.#styled('dim', `${((performance.now() - this.#started) / 1000).toFixed(2).padStart(6)}s`);
  }

  #styled(style: Style, text: string): string {
    return this.#colors ? styleText(style, text) : text;
  }

  #write(line: string): void {
    this.#out.write(`${line}\n`);
  }
}

function describePlacement({ feasibleCount, evaluatedCount, total, ties, scores }: Placement): string {
  const fit = `${feasibleCount} of ${evaluatedCount} nodes fit`;
  if (total === undefined) return fit;
  const parts = [...scores]
    .filter(([, score]) => score > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([plugin, score]) => `${plugin} ${score}`);
  const tie = ties > 1 ? `, ${ties} share the best score` : '';
  return `${fit}${tie}; score ${total} (${parts.join(', ')}${parts.length < scores.size ? ', …' : ''})`;
}

function countEach(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return (
    [...counts]
      .sort()
      .map(([name, count]) => (count === 1 ? name : `${name} ×${count}`))
      .join(', ') || '-'
  );
}

function reasonOf(pods: readonly PodSummary[]): string {
  for (const pod of pods) {
    if (pod.spec.nodeName !== undefined) continue;
    const condition = pod.status?.conditions?.find(
      ({ type, status }) => type === 'PodScheduled' && status === 'False',
    );
    return condition?.message ?? 'left to its own scheduler';
  }
  return '';
}

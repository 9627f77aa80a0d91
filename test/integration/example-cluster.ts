import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { type NodeParts, type PodParts, rawNode, rawPod } from '../build-objects.js';
import { BerthProcess, kubeconfigFor } from './berth-process.js';
import { eventually } from './eventually.js';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

interface Kustomization {
  readonly configMapGenerator: readonly [{ readonly name: string; readonly files: readonly string[] }];
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly conditions?: readonly { readonly message?: string }[] };
}

/** An example as its manifest runs it: its ConfigMap mounted, Berth started on it, an API server to talk to. */
export class ExampleCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), 'berth-example-'));
  readonly #example: string;
  readonly #api: EmbeddedApiServer;
  #berth: BerthProcess | undefined;

  private constructor(example: string, api: EmbeddedApiServer) {
    this.#example = example;
    this.#api = api;
  }

  static async of(example: string): Promise<ExampleCluster> {
    return new ExampleCluster(example, await startEmbeddedApiServer());
  }

  /** Starts Berth with the example's files, `change` applied to its configuration. */
  async start(change: (configuration: string) => string = (text) => text): Promise<BerthProcess> {
    const mounted = this.#mount(change);
    const berth = BerthProcess.run(
      kubeconfigFor(this.#api.url),
      '--config',
      join(mounted, 'scheduler-config.yaml'),
    );
    this.#berth = berth;
    await berth.ready();
    return berth;
  }

  node(parts: NodeParts): void {
    this.#api.create(rawNode(parts) as never);
  }

  pod(parts: PodParts): void {
    this.#api.create(rawPod(parts) as never);
  }

  deletePod(name: string): void {
    this.#api.delete({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name });
  }

  nodeOf(name: string): string | undefined {
    return this.#pods().find(({ metadata }) => metadata.name === name)?.spec.nodeName;
  }

  messageOf(name: string): string {
    const pod = this.#pods().find(({ metadata }) => metadata.name === name);
    return pod?.status.conditions?.map(({ message = '' }) => message).join() ?? '';
  }

  async bound(...names: readonly string[]): Promise<void> {
    await eventually(
      `${names.join(', ')} to be bound`,
      () => names.every((name) => this.nodeOf(name) !== undefined),
      {
        state: () => this.#berth?.stderr.split('\n').slice(-4),
      },
    );
  }

  async close(): Promise<void> {
    await BerthProcess.killAll();
    await this.#api.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #pods(): readonly Pod[] {
    return this.#api.list({ apiVersion: 'v1', kind: 'Pod' }) as unknown as readonly Pod[];
  }

  /** Lays the files out as the kubelet mounts a ConfigMap: links to a folder of this version. */
  #mount(change: (configuration: string) => string): string {
    const source = join(examples, this.#example);
    const kustomization = parse(readFileSync(join(source, 'kustomization.yaml'), 'utf8')) as Kustomization;
    const version = '..2026_01_01_00_00_00.1';
    mkdirSync(join(this.#folder, version));
    symlinkSync(version, join(this.#folder, '..data'));
    for (const entry of kustomization.configMapGenerator[0].files) {
      const [key = entry, file = key] = entry.split('=');
      const content = readFileSync(join(source, file), 'utf8');
      writeFileSync(join(this.#folder, version, key), key.endsWith('.yaml') ? change(content) : content, {
        mode: 0o444,
      });
      symlinkSync(`..data/${key}`, join(this.#folder, key));
    }
    return this.#folder;
  }
}

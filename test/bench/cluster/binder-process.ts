import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../../controlplane/child-process.js';
import type { ControlPlane } from '../../controlplane/control-plane.js';
import { projectRoot } from '../../controlplane/project-root.js';
import { NAMESPACE, SERVICE_ACCOUNT } from '../../e2e/berth-installation.js';

/** What the binder that does not think says at its end. */
export interface BinderReport {
  readonly pods: number;
  readonly bindMs: number;
  /** Until the last event was written. */
  readonly allMs: number;
  readonly posted: number;
  readonly failed: number;
  readonly dropped: number;
}

/** The binder that does not think (binder/main.ts) as a process of its own, as a scheduler is. */
export class BinderProcess {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(
    plane: ControlPlane,
    node: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<BinderProcess> {
    const kubeconfig = await plane.serviceAccountKubeconfig(NAMESPACE, SERVICE_ACCOUNT);
    const program = join(projectRoot(), 'dist', 'bench-binder.js');
    const env = { ...process.env, ...settings };
    return new BinderProcess(await plane.run('binder', node, [program, '--kubeconfig', kubeconfig], env));
  }

  readonly failed = (): string | undefined =>
    this.child.running ? undefined : `the binder ended; the end of its output:\n${this.child.tail()}`;

  /** Resolves with what it says when all is bound and written. */
  async report({
    withinMs,
    signal,
  }: {
    readonly withinMs: number;
    readonly signal: AbortSignal;
  }): Promise<BinderReport> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const text = this.child.stdout();
      if (text.endsWith('\n')) return JSON.parse(text) as BinderReport;
      const trouble = performance.now() > deadline ? 'the binder does not end' : this.failed();
      if (trouble !== undefined) throw new Error(trouble);
      await sleep(50, undefined, { signal });
    }
  }
}

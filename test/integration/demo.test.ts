import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { difference } from '../docs/shown-output.js';

const run = promisify(execFile);

let output: string;

beforeAll(async () => {
  // Rejects, and so fails every test here, when the exit code is not 0.
  const { stdout, stderr } = await run(process.execPath, ['dist/berth.js', 'demo']);
  expect(stderr).toBe('');
  output = stdout;
}, 60_000);

describe('berth demo without a terminal', () => {
  it('prints plain lines', () => {
    expect(output).not.toContain('\u001b');
    expect(output).toMatch(/Done in [\d.]+ s\.\n$/);
  });

  it('is what README.md shows', () => {
    const page = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, shown = ''] = /^```text\n([\s\S]*?)^```$/m.exec(page) ?? [];
    expect(shown).toContain('Summary');
    expect(difference(shown, output)).toBeUndefined();
  });

  it('shows each placement with its reason', () => {
    expect(output.match(/placed {2}default\/nginx-\S+ on minikube-m0[23] {2}2 of 3 nodes fit/g)).toHaveLength(
      5,
    );
    expect(output).toMatch(/placed {2}default\/nginx-ssd on minikube-m02 {2}1 of 3 nodes fit/);
    expect(output).toMatch(/placed {2}default\/with-node-affinity on minikube-m03 .*NodeAffinity 200/);
    expect(output).toMatch(/placed {2}default\/control-plane-agent on minikube /);
    expect(output).toMatch(/placed {2}default\/extended-resource-demo on minikube-m03/);
  });

  it("shows each refusal in kube-scheduler's words, once", () => {
    const refusals = output.split('\n').filter((line) => line.includes('refused'));
    expect(refusals.map((line) => line.replace(/^.*refused /, ''))).toEqual([
      'default/extended-resource-demo-2  0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient example.com/dongle. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.',
      'default/memory-demo-3  0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient memory. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
      "default/needs-nvme  0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    ]);
  });

  it('places the waiting pod once a node has the label', () => {
    expect(output).toMatch(
      /kubectl label node minikube-m03 disktype=nvme\n.*placed {2}default\/needs-nvme on minikube-m03/,
    );
  });

  it('leaves the pod of another scheduler alone', () => {
    expect(output).toMatch(/other-scheduler +1 +0 +- +left to its own scheduler/);
  });

  it('scrapes its metrics', () => {
    expect(output).toContain('scheduler_schedule_attempts_total{result="scheduled",profile="berth"} 10');
    expect(output).toContain('scheduler_pending_pods{queue="unschedulable"} 2');
  });
});

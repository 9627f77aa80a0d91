import type { Loose, Manifest } from '../case.js';
import type { Dice } from '../dice.js';

export const focuses = [
  'basic',
  'taints',
  'nodeaffinity',
  'ports',
  'spread',
  'interpod',
  'resources',
  'images',
  'volumes',
  'preemption',
  'mixed',
] as const;

export type Focus = (typeof focuses)[number];

/** Says how an object came to be stored; the oracle program reads it and takes it off. */
export const storedAs = 'oracle.berth.dev/stored';

/** What all objects of a case have in common: few names and values, so that they meet often. */
export class World {
  readonly dice: Dice;
  readonly focus: Focus;
  readonly namespaces: readonly string[];
  readonly nodeNames: readonly string[];
  readonly schedulerNames: string[] = ['default-scheduler'];
  readonly podLabels: Readonly<Record<string, readonly string[]>>;
  readonly nodeLabels: Readonly<Record<string, readonly string[]>>;
  readonly topologyKeys: readonly string[];
  readonly taintKeys: readonly string[];
  readonly images: readonly string[];
  /** Claims that pods may name, by namespace. */
  readonly claims = new Map<string, string[]>();
  readonly #started = new Set<number>();
  #serial = 0;
  #clock = Date.parse('2026-01-01T00:00:00Z');
  #unstarted = false;

  constructor(dice: Dice, focus: Focus) {
    this.dice = dice;
    this.focus = focus;
    this.namespaces = ['default', ...dice.some(['team-a', 'team-b', 'kube-system'], 1, 3)];
    this.nodeNames = dice.shuffle(
      dice.times(...dice.pick(nodeCounts), (index) =>
        dice.chance(0.8)
          ? `node-${String(index).padStart(2, '0')}`
          : `ip-10-0-${index}-${dice.int(1, 254)}.ec2.internal`,
      ),
    );
    this.podLabels = {
      app: ['web', 'api', 'cache', 'db'],
      tier: ['frontend', 'backend', ''],
      version: ['v1', 'v2', 'v3'],
      'example.com/track': ['stable', 'canary'],
      'pod-template-hash': ['6d4b75cb6d', '5f9c8'],
    };
    this.nodeLabels = {
      disktype: ['ssd', 'hdd', 'nvme', ''],
      env: ['prod', 'staging'],
      'example.com/rack': ['r1', 'r2', 'r3', 'r4'],
      'example.com/gen': ['4', '05', '6', '07', '12', '9223372036854775807', 'x86', '1.5'],
      'example.com/gpu-count': ['0', '1', '8'],
    };
    this.topologyKeys = [
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
      'topology.kubernetes.io/region',
      'example.com/rack',
      'disktype',
      'env',
      'failure-domain.beta.kubernetes.io/zone',
      'example.com/nowhere',
    ];
    this.taintKeys = ['dedicated', 'example.com/maintenance', 'spot', 'node.kubernetes.io/unschedulable'];
    this.images = [
      'nginx',
      'nginx:1.27',
      'docker.io/library/nginx:latest',
      'localhost:5000/api',
      'quay.io/acme/batch:2.3.1',
      'quay.io/acme/batch@sha256:0000000000000000000000000000000000000000000000000000000001500d5b',
      'registry.example.com/ml/notebook:2026.1',
    ];
  }

  /** True more often when the case is about this. */
  likes(focus: Focus, otherwise: number): boolean {
    const about = this.focus === focus ? 0.75 : this.focus === 'mixed' ? 0.35 : otherwise;
    return this.dice.chance(about);
  }

  labels(from: Readonly<Record<string, readonly string[]>>, share: number): Record<string, string> {
    const labels: Record<string, string> = {};
    for (const [key, values] of Object.entries(from)) {
      if (this.dice.chance(share)) labels[key] = this.dice.pick(values);
    }
    return labels;
  }

  object(apiVersion: string, kind: string, name: string, rest: Loose = {}, namespace?: string): Manifest {
    const { metadata, ...fields } = rest;
    this.#clock += 1000;
    return {
      apiVersion,
      kind,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        uid: this.dice.uid(),
        resourceVersion: String(this.#clock / 1000 - 1_767_225_000),
        creationTimestamp: stamp(this.#clock),
        ...metadata,
      },
      ...fields,
    };
  }

  /** A number that no one else in this case has. */
  serial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** A time in the past that no other pod started at; undefined at most once. */
  startTime(): string | undefined {
    if (!this.#unstarted && this.dice.chance(0.01)) {
      this.#unstarted = true;
      return undefined;
    }
    for (;;) {
      const time = Date.parse('2026-01-02T00:00:00Z') + this.dice.int(0, 2_000_000) * 1000;
      if (this.#started.has(time)) continue;
      this.#started.add(time);
      return stamp(time);
    }
  }
}

const nodeCounts: readonly (readonly [number, number])[] = [
  [1, 3],
  [4, 10],
  [8, 16],
  [16, 30],
  [24, 60],
];

export function stamp(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

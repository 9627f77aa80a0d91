import fc from 'fast-check';
import { ClusterState } from '../../../../src/cluster/cluster-state.js';
import type { Node } from '../../../../src/cluster/node.js';
import type { Pod } from '../../../../src/cluster/pod.js';
import { defaultPluginSets } from '../../../../src/config/defaults.js';
import { expandPluginSets } from '../../../../src/config/plugin-sets.js';
import { kubeSchedulerPlugins } from '../../../../src/framework/kube-scheduler-plugins.js';
import {
  type ExtensionPoint,
  extensionPoints,
  implementsPoint,
  type NodeFilterPlugin,
  type NodeScorePlugin,
  type NormalizePlugin,
} from '../../../../src/framework/plugin.js';
import { createProfile, type Profile } from '../../../../src/framework/profile.js';
import { unschedulable } from '../../../../src/framework/status.js';
import { createInTreeRegistry } from '../../../../src/plugins/in-tree.js';
import { seededRandom } from '../../../../src/random.js';
import { PodClasses } from '../../../../src/scheduler/classes/pod-classes.js';
import type { Nominations } from '../../../../src/scheduler/nominations.js';
import { shownDecision } from '../../../shown-decision.js';
import { nodeOf, podOf } from '../../plugins/cluster-objects.js';
import { decide } from '../scheduling-fixture.js';

/* A cluster that changes in all ways that a class of pods has to notice, and decisions in it, with classes and without. */

export const maxNodes = 60;
const amounts = ['1', '2', '4'];
const zones = ['a', 'b', ''];
const imageLists = [[], ['app:latest'], ['app:latest', 'other:1'], ['other:1']];
const taintLists = [
  [],
  [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
  [{ key: 'k', value: 'v', effect: 'PreferNoSchedule' }],
  [
    { key: 'k', value: 'v', effect: 'PreferNoSchedule' },
    { key: 'l', value: '', effect: 'PreferNoSchedule' },
  ],
];

/** Mostly alike, so that there are ties. */
export const nodePlan = fc.record({
  cpu: fc.nat(9).map((i) => amounts[i] ?? '4'),
  pods: fc.nat(9).map((i) => (i === 0 ? '2' : '110')),
  zone: fc.nat(2),
  disk: fc.nat(2),
  taints: fc.nat(11),
  images: fc.nat(7),
  isCordoned: fc.nat(9).map((i) => i === 0),
  gpus: fc.nat(9).map((i) => (i === 0 ? '2' : undefined)),
  /** More memory than others have: too little for more than the rounding of a score. */
  bytes: fc.nat(9).map((i) => (i < 2 ? i + 1 : 0)),
});

export type NodePlan = typeof nodePlan extends fc.Arbitrary<infer T> ? T : never;

function makeNode(index: number, plan: NodePlan): Node {
  const zone = zones[plan.zone]!;
  return nodeOf(`node-${index}`, {
    labels: {
      'kubernetes.io/hostname': `node-${index}`,
      ...(zone === '' ? {} : { 'topology.kubernetes.io/zone': zone }),
      ...(plan.disk === 0 ? {} : { disk: plan.disk === 1 ? 'ssd' : 'hdd' }),
    },
    allocatable: {
      cpu: plan.cpu,
      memory: String(8 * 2 ** 30 + plan.bytes),
      pods: plan.pods,
      ...(plan.gpus === undefined ? {} : { 'example.com/gpu': plan.gpus }),
    },
    spec: { taints: taintLists[plan.taints] ?? [], unschedulable: plan.isCordoned },
    status: {
      images: (imageLists[plan.images] ?? []).map((name) => ({ names: [name], sizeBytes: 400 * 2 ** 20 })),
    },
  });
}

function onNodes(...values: string[]) {
  const nodeSelectorTerms = values.map((value) => ({
    matchFields: [{ key: 'metadata.name', operator: 'In', values: [value] }],
  }));
  return { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
}

const zoneKey = 'topology.kubernetes.io/zone';
const hostKey = 'kubernetes.io/hostname';
const self = (app: string) => ({ labelSelector: { matchLabels: { app } } });
const nodeAffinity = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 7, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
      { weight: 2, preference: { matchExpressions: [{ key: zoneKey, operator: 'In', values: ['a'] }] } },
    ],
  },
};
const small = { cpu: '100m', memory: '64Mi' };

/** Templates of pods. */
const templates: readonly ((app: string) => Parameters<typeof podOf>[0])[] = [
  () => ({ requests: small }),
  () => ({ requests: small, spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } }),
  () => ({ requests: { cpu: '1500m' }, spec: { nodeSelector: { disk: 'ssd' } } }),
  () => ({}),
  () => ({ requests: { ...small, 'example.com/gpu': '1' } }),
  () => ({ requests: small, spec: { affinity: nodeAffinity } }),
  () => ({
    spec: { containers: [{ name: 'c', image: 'other:1', ports: [{ hostPort: 80, containerPort: 80 }] }] },
  }),
  (app) => ({
    requests: small,
    spec: {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', ...self(app) },
      ],
    },
  }),
  (app) => ({
    requests: small,
    spec: {
      affinity: nodeAffinity,
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: zoneKey, whenUnsatisfiable: 'ScheduleAnyway', ...self(app) },
      ],
    },
  }),
  (app) => ({
    requests: small,
    spec: {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { ...self(app), topologyKey: 'kubernetes.io/hostname' },
          ],
        },
      },
    },
  }),
  (app) => ({
    requests: small,
    spec: {
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 5, podAffinityTerm: { ...self(app), topologyKey: zoneKey } },
          ],
        },
      },
    },
  }),
  (app) => ({
    requests: small,
    spec: {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', ...self(app) },
        { maxSkew: 2, topologyKey: hostKey, whenUnsatisfiable: 'ScheduleAnyway', ...self(app) },
      ],
    },
  }),
  (app) => ({
    requests: small,
    spec: {
      topologySpreadConstraints: [
        { maxSkew: 2, topologyKey: hostKey, whenUnsatisfiable: 'DoNotSchedule', ...self(app) },
        { maxSkew: 1, topologyKey: zoneKey, whenUnsatisfiable: 'ScheduleAnyway', ...self('app-0') },
      ],
    },
  }),
  (app) => ({
    requests: small,
    spec: {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ ...self(app), topologyKey: zoneKey }],
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 3, podAffinityTerm: { ...self('app-0'), topologyKey: hostKey } },
          ],
        },
      },
    },
  }),
  (app) => ({
    requests: small,
    spec: {
      affinity: {
        ...nodeAffinity,
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 4, podAffinityTerm: { ...self(app), topologyKey: hostKey } },
            { weight: 1, podAffinityTerm: { ...self(app), topologyKey: zoneKey } },
          ],
        },
      },
    },
  }),
  () => ({
    requests: small,
    spec: {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { lane: 'fast' } }, topologyKey: hostKey },
          ],
        },
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 6,
              podAffinityTerm: { labelSelector: { matchLabels: { lane: 'slow' } }, topologyKey: hostKey },
            },
          ],
        },
      },
    },
  }),
  (app) => ({
    requests: small,
    spec: {
      topologySpreadConstraints: [zoneKey, hostKey].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        ...self(app),
      })),
    },
  }),
  // Nothing but the number of pods tells where they are.
  (app) => ({
    requests: { cpu: '0', memory: '0' },
    spec: {
      topologySpreadConstraints: [
        { maxSkew: 2, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', ...self(app) },
      ],
    },
  }),
  () => ({ requests: { cpu: '50' } }),
  () => ({ spec: { affinity: { nodeAffinity: onNodes('node-1', 'node-2', 'node-3') } } }),
];

const template = fc.nat(2);
const which = fc.nat(199);

/** The templates of one history: few, so that each has many pods. */
export const templateChoice = fc.uniqueArray(fc.nat(templates.length - 1), { minLength: 3, maxLength: 3 });
/** Those that look at other pods, and one that does not. */
const neighbourly = [0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
export const neighbourlyChoice = fc.uniqueArray(fc.constantFrom(...neighbourly), {
  minLength: 3,
  maxLength: 3,
});

export const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      template,
      grown: fc.nat(9).map((i) => i === 0),
      lane: fc.constantFrom('fast', 'slow', undefined),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resize' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('node' as const), which, plan: nodePlan }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('alter' as const), which, field: fc.nat(20), plan: nodePlan }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove node' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('borrow' as const), which, template }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stray' as const), which, template }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('nominate' as const), which, template }) },
);

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plugins of somebody else's, in the simple form: nothing is kept of them. */
const choosy: NodeFilterPlugin & NodeScorePlugin & NormalizePlugin = {
  name: 'Choosy',
  filter: (_cycle, { labels }, node) => {
    return Number(node.name.split('-')[1]) % 5 === (labels.app?.length ?? 0) % 5
      ? unschedulable('choosy')
      : undefined;
  },
  score: (_cycle, _pod, node) => Number(node.name.split('-')[1]) % 3,
  normalizeScores: (_cycle, _pod, scores, length) => {
    for (let i = 0; i < length; i++) scores[i]! *= 10;
  },
};

export function profileFor(cluster: ClusterState, options: { readonly withOther: boolean }): Profile {
  const registry = createInTreeRegistry({ bind: async () => undefined });
  const points = extensionPoints.filter((point) => implementsPoint(choosy, point));
  registry.register({ name: choosy.name, points, create: () => choosy });
  const hasPoint = (name: string, point: string) =>
    kubeSchedulerPlugins.get(name)?.includes(point as ExtensionPoint) ?? false;
  const plugins = expandPluginSets(defaultPluginSets, hasPoint, { schedulerName: 'berth' });
  const other = { name: choosy.name, weight: 2 };
  return createProfile({
    schedulerName: 'berth',
    plugins: options.withOther
      ? { ...plugins, filter: [...plugins.filter!, other], score: [other, ...plugins.score!] }
      : plugins,
    pluginArgs: {},
    registry,
    handle: { cluster },
  });
}

export class ClassWorld {
  readonly cluster = new ClusterState();
  readonly classes: PodClasses;
  readonly #with: Profile;
  readonly #without: Profile;
  readonly #pods: string[] = [];
  #nominated: { readonly node: string; readonly pod: Pod } | undefined;
  readonly #templates: readonly number[];
  readonly #plans: NodePlan[] = [];
  #serial = 0;

  constructor(options: {
    readonly templates: readonly number[];
    readonly withOther: boolean;
    readonly maxRows: number;
    readonly maxCohorts?: number;
  }) {
    this.#templates = options.templates;
    this.classes = new PodClasses(options);
    this.#with = profileFor(this.cluster, options);
    this.#without = profileFor(this.cluster, options);
  }

  /** Two decisions about one pod that should be the same, in a form to be compared; then the pod is placed. */
  place({ template, grown, lane }: Extract<Step, { kind: 'place' }>): {
    readonly kept: unknown;
    readonly anew: unknown;
  } {
    const made = this.#podOf(template, lane);
    const pod = grown ? { ...made, accounted: { ...made.accounted, cpu: made.accounted.cpu + 500 } } : made;
    const seed = this.#serial;
    const nominations = this.#nominations();
    const anew = decide(this.cluster, this.#without, pod, { random: seededRandom(seed), nominations });
    const shownAnew = shownDecision(anew, this.cluster.nodes);
    const decision = decide(this.cluster, this.#with, pod, {
      random: seededRandom(seed),
      nominations,
      classes: this.classes,
    });
    const kept = shownDecision(decision, this.cluster.nodes);
    if (decision.kind === 'fits') {
      this.cluster.assume({ ...pod, nodeName: decision.nodeName });
      this.#pods.push(pod.uid);
    }
    return { kept, anew: shownAnew };
  }

  change(step: Exclude<Step, { kind: 'place' }>): void {
    const { cluster } = this;
    const name = `node-${step.which % maxNodes}`;
    switch (step.kind) {
      case 'node':
        this.#setNode(step.which % maxNodes, step.plan);
        return;
      case 'alter': {
        const fields = Object.entries(step.plan);
        const [field, value] = fields[step.field % fields.length]!;
        const index = step.which % maxNodes;
        const plan = this.#plans[index];
        if (plan !== undefined) this.#setNode(index, { ...plan, [field]: value });
        return;
      }
      case 'remove node':
        cluster.removeNode(name);
        return;
      case 'end':
        cluster.removePod(this.#pods.splice(step.which % Math.max(1, this.#pods.length), 1)[0] ?? '');
        return;
      case 'resize':
        this.#resize(step.which);
        return;
      case 'borrow':
        this.#borrow(name, step.template);
        return;
      case 'stray': {
        const pod = { ...this.#podOf(step.template), nodeName: name };
        cluster.setBoundPod(pod);
        this.#pods.push(pod.uid);
        return;
      }
      case 'nominate':
        this.#nominated =
          this.#nominated === undefined ? { node: name, pod: this.#promisedPod(step) } : undefined;
    }
  }

  #setNode(index: number, plan: NodePlan): void {
    this.#plans[index] = plan;
    this.cluster.setNode(makeNode(index, plan));
  }

  /** A bound pod takes more or less than it did, or is merely shown once more. */
  #resize(index: number): void {
    const uid = this.#pods[index % Math.max(1, this.#pods.length)];
    const pod = uid === undefined ? undefined : this.cluster.pod(uid);
    if (pod === undefined) return;
    const accounted = { ...pod.accounted, cpu: pod.accounted.cpu + (index % 3) * 100 };
    this.cluster.setBoundPod({ ...pod, accounted, nonZeroCpu: pod.nonZeroCpu + (index % 3) * 100 });
  }

  #borrow(name: string, template: number): void {
    const { nodes } = this.cluster;
    const slot = nodes.slotOf(name);
    if (slot === undefined) return;
    const row = nodes.borrowRow(slot);
    nodes.addPodAt(row, this.#podOf(template));
    nodes.returnRow(row);
  }

  #podOf(index: number, lane?: string): Pod {
    this.#serial += 1;
    const template = this.#templates[index % this.#templates.length]!;
    const app = `app-${template}`;
    const labels = { app, ...(lane === undefined ? {} : { lane }) };
    return podOf({ ...templates[template]!(app), labels, uid: `uid-${this.#serial}` });
  }

  /** Large or one of the templates; in a third of the cases too weak to be heeded. */
  #promisedPod({ which, template }: { readonly which: number; readonly template: number }): Pod {
    const pod = which % 2 === 0 ? podOf({ requests: { cpu: '4' } }) : this.#podOf(template);
    return { ...pod, priority: pod.priority - (which % 3 === 0 ? 1 : 0) };
  }

  #nominations(): Nominations | undefined {
    const nominated = this.#nominated;
    if (nominated === undefined) return undefined;
    return {
      isEmpty: false,
      nodeNames: () => [nominated.node],
      podsFor: (name) => (name === nominated.node ? [nominated.pod] : []),
    };
  }
}

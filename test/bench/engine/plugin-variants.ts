/** A trivial plugin: what it does, and how it is configured. */
export interface PluginVariant {
  readonly name: string;
  /** For people. */
  readonly about: string;
  /** As profiles and the module call it. */
  readonly plugin: string;
  readonly point: 'preFilter' | 'filter' | 'score';
  /** The function of the point, as its author would write it. */
  readonly source: string;
  /** Fields of the plugin's entry in the BerthConfiguration. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

const passes = 'filter: () => undefined';
const constant = 'score: () => 50';
const reads =
  "score: (_pod, node) => (node.labels['disk'] === 'ssd' ? 50 : 0) + Number(node.annotations['example.com/preference'] ?? 0) / 4";
const noLimit = { timeLimit: 0 };

export const pluginVariants: readonly PluginVariant[] = [
  {
    name: 'prefilter',
    about: 'PreFilter that does nothing: the call alone',
    plugin: 'PreFilterNothing',
    point: 'preFilter',
    source: 'preFilter: () => undefined',
  },
  {
    name: 'prefilter-no-limit',
    about: 'the same, timeLimit: 0',
    plugin: 'PreFilterNothingUnlimited',
    point: 'preFilter',
    source: 'preFilter: () => undefined',
    settings: noLimit,
  },
  {
    name: 'filter',
    about: 'Filter that lets every node pass',
    plugin: 'FilterPass',
    point: 'filter',
    source: passes,
  },
  {
    name: 'filter-no-limit',
    about: 'the same, timeLimit: 0',
    plugin: 'FilterPassUnlimited',
    point: 'filter',
    source: passes,
    settings: noLimit,
  },
  {
    name: 'filter-skip-plugin',
    about: 'the same, onFault: SkipPlugin',
    plugin: 'FilterPassSkipped',
    point: 'filter',
    source: passes,
    settings: { onFault: 'SkipPlugin' },
  },
  {
    name: 'score',
    about: 'Score that returns a constant',
    plugin: 'ScoreConstant',
    point: 'score',
    source: constant,
  },
  {
    name: 'score-no-limit',
    about: 'the same, timeLimit: 0',
    plugin: 'ScoreConstantUnlimited',
    point: 'score',
    source: constant,
    settings: noLimit,
  },
  {
    name: 'score-reads',
    about: 'Score that reads a label and an annotation',
    plugin: 'ScoreReads',
    point: 'score',
    source: reads,
  },
  {
    name: 'score-reads-no-limit',
    about: 'the same, timeLimit: 0',
    plugin: 'ScoreReadsUnlimited',
    point: 'score',
    source: reads,
    settings: noLimit,
  },
];

/** The module's text. */
export function moduleOf({ plugin, point, source }: PluginVariant): string {
  return `import { definePlugin } from 'berth';

export const plugin = definePlugin({
  name: '${plugin}',
  points: ['${point}'],
  create: () => ({ ${source} }),
});
`;
}

/** A configuration with the default profile `without`, and the profile `with`: the same and the plugin. */
export function configurationOf({ plugin, point, settings = {} }: PluginVariant): string {
  const fields = Object.entries(settings).map(([field, value]) => `    ${field}: ${value}\n`);
  return `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection:
  leaderElect: false
profiles:
  - schedulerName: without
  - schedulerName: with
    plugins:
      ${point}:
        enabled:
          - name: ${plugin}
---
apiVersion: berth.dev/v1alpha1
kind: BerthConfiguration
plugins:
  - name: ${plugin}
    module: ./plugin.ts
${fields.join('')}`;
}

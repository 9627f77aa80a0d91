import type { TemplatePoint } from '../plugin-command.js';

export interface TemplateOptions {
  /** `NodeAnnotationScore` */
  readonly name: string;
  /** `node-annotation-score` */
  readonly file: string;
  readonly point: TemplatePoint;
  /** How package.json asks for Berth: `file:` and a folder. Undefined: it is left to the author where the test kit comes from. */
  readonly berth: string | undefined;
}

/** Versions that the tests of a new plugin are run with: those that Berth's own tests are run with. */
export const templateDependencies = {
  '@jest/globals': '30.5.2',
  '@swc/core': '1.16.22',
  '@swc/jest': '0.2.39',
  jest: '30.5.2',
  typescript: '7.0.2',
} as const;

/** The files of a new plugin, by name. */
export function pluginTemplate(options: TemplateOptions): ReadonlyMap<string, string> {
  const { file, point } = options;
  return new Map([
    [`${file}.ts`, templates[point].plugin(options)],
    [`${file}.test.ts`, templates[point].test(options)],
    ['berth.yaml', configuration(options)],
    ['package.json', packageFile(options)],
    ['jest.config.mjs', jestConfiguration],
    ['tsconfig.json', typescriptConfiguration],
    ['README.md', readme(options)],
  ]);
}

interface PointTemplate {
  readonly plugin: (options: TemplateOptions) => string;
  readonly test: (options: TemplateOptions) => string;
  /** How the profile enables it, below `plugins:`. */
  readonly enable: (options: TemplateOptions) => readonly string[];
  readonly args: string | undefined;
  readonly about: string;
}

const templates: Readonly<Record<TemplatePoint, PointTemplate>> = {
  score: {
    about: 'prefers nodes whose annotation names a higher number',
    args: 'annotation: example.com/score',
    enable: ({ name }) => [
      '      score:',
      '        enabled:',
      `          - name: ${name}`,
      '            weight: 5',
    ],
    plugin: ({ name }) => `import { definePlugin, z } from 'berth';

/** Scores a node by a number in one of its annotations: 0 is worst, 100 is best. */
export const plugin = definePlugin({
  name: '${name}',
  points: ['score'],
  args: z.strictObject({ annotation: z.string() }),
  create: ({ args }) => ({
    score: (_pod, node) => {
      const value = Number(node.annotations[args.annotation] ?? 0);
      return Math.min(100, Math.max(0, Number.isNaN(value) ? 0 : value));
    },
  }),
});
`,
    test: ({ file }) => `import { expect, it } from '@jest/globals';
import { makeNode, makePod, TestCluster } from 'berth/testing';
import { plugin } from './${file}.js';

const args = { annotation: 'example.com/score' };
const node = (name: string, score: string) => makeNode({ name, annotations: { [args.annotation]: score } });

it('prefers the node with the higher number', async () => {
  const cluster = new TestCluster({ nodes: [node('low', '10'), node('high', '90')], plugin, args });
  expect((await cluster.schedule(makePod())).node).toBe('high');
});

it('counts what is no number as the worst', async () => {
  const cluster = new TestCluster({ nodes: [node('odd', 'many'), node('low', '1')], plugin, args, alone: true });
  const { scores } = await cluster.schedule(makePod());
  expect([scores.odd, scores.low]).toEqual([{ [plugin.name]: 0 }, { [plugin.name]: 1 }]);
});
`,
  },
  filter: {
    about: 'keeps pods off nodes that have a label',
    args: 'label: example.com/reserved',
    enable: ({ name }) => ['      multiPoint:', '        enabled:', `          - name: ${name}`],
    plugin: ({ name }) => `import { Action, definePlugin, unresolvable, z } from 'berth';

/** Keeps pods off nodes that have a label, unless the pod has it too. */
export const plugin = definePlugin({
  name: '${name}',
  points: ['filter'],
  args: z.strictObject({ label: z.string() }),
  create: ({ args: { label } }) => ({
    filter: (pod, node) => {
      const reserved = node.labels[label];
      if (reserved === undefined || reserved === pod.labels[label]) return undefined;
      return unresolvable(\`node(s) were reserved for \${reserved}\`);
    },
    // What can change the answer: pods that were refused are tried again then.
    events: [{ resource: 'Node', action: Action.Add | Action.UpdateNodeLabel }],
  }),
});
`,
    test: ({ file }) => `import { expect, it } from '@jest/globals';
import { makeNode, makePod, TestCluster } from 'berth/testing';
import { plugin } from './${file}.js';

const args = { label: 'example.com/reserved' };
const nodes = [makeNode({ name: 'reserved', labels: { [args.label]: 'team-a' } })];

it('keeps pods off reserved nodes, and says why', async () => {
  const outcome = await new TestCluster({ nodes, plugin, args }).schedule(makePod());
  expect(outcome.refusals).toEqual({ reserved: 'node(s) were reserved for team-a' });
});

it('lets pods of the same kind onto them', async () => {
  const pod = makePod({ labels: { [args.label]: 'team-a' } });
  expect((await new TestCluster({ nodes, plugin, args }).schedule(pod)).node).toBe('reserved');
});
`,
  },
  queueSort: {
    about: 'tries pods with a smaller number in a label first',
    args: 'label: example.com/order',
    enable: ({ name }) => [
      '      # One plugin sorts the queue: the default one makes room.',
      '      queueSort:',
      '        enabled:',
      `          - name: ${name}`,
      '        disabled:',
      "          - name: '*'",
    ],
    plugin: ({ name }) => `import { definePlugin, z } from 'berth';

/** Tries pods first that have a smaller number in a label; then those of higher priority; then those that wait longer. */
export const plugin = definePlugin({
  name: '${name}',
  points: ['queueSort'],
  args: z.strictObject({ label: z.string() }),
  create: ({ args }) => ({
    queueKey: (pod, queuedAt) => {
      const order = Number(pod.labels[args.label] ?? Number.POSITIVE_INFINITY);
      return [Number.isNaN(order) ? Number.POSITIVE_INFINITY : order, -pod.priority, queuedAt];
    },
    // It refuses no pod: no event has to be watched for it.
    events: [],
  }),
});
`,
    test: ({ file }) => `import { expect, it } from '@jest/globals';
import { makePod, TestCluster } from 'berth/testing';
import { plugin } from './${file}.js';

const args = { label: 'example.com/order' };
const pod = (name: string, order?: string) =>
  makePod({ name, labels: order === undefined ? {} : { [args.label]: order } });

it('tries pods with smaller numbers first, and those without one last', () => {
  const sorted = new TestCluster({ plugin, args }).order([pod('none'), pod('ten', '10'), pod('two', '2')]);
  expect(sorted.map(({ name }) => name)).toEqual(['two', 'ten', 'none']);
});
`,
  },
};

function configuration(options: TemplateOptions): string {
  const { name, file, point } = options;
  const { args, enable } = templates[point];
  return `${[
    '# What kube-scheduler would read …',
    'apiVersion: kubescheduler.config.k8s.io/v1',
    'kind: KubeSchedulerConfiguration',
    'profiles:',
    '  - schedulerName: berth',
    '    plugins:',
    ...enable(options),
    ...(args === undefined
      ? []
      : ['    pluginConfig:', `      - name: ${name}`, '        args:', `          ${args}`]),
    '---',
    '# … and what Berth reads besides.',
    'apiVersion: berth.dev/v1alpha1',
    'kind: BerthConfiguration',
    'plugins:',
    `  - name: ${name}`,
    `    module: ./${file}.ts`,
    '    onFault: FailPod   # or SkipPlugin: place pods as if the plugin were not there',
    '    timeLimit: 500ms   # for one call of one extension point, all nodes together',
  ].join('\n')}\n`;
}

function packageFile({ file, berth }: TemplateOptions): string {
  const content = {
    name: file,
    private: true,
    type: 'module',
    scripts: { test: 'node --experimental-vm-modules node_modules/jest/bin/jest.js', types: 'tsc' },
    devDependencies: { ...templateDependencies, ...(berth !== undefined && { berth }) },
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

const jestConfiguration = `const typescript = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } };

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\\\.{1,2}/.*)\\\\.js$': '$1' },
  transform: { '^.+\\\\.ts$': ['@swc/jest', typescript] },
};
`;

const typescriptConfiguration = `{
  "compilerOptions": {
    "target": "es2023",
    "module": "nodenext",
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "skipLibCheck": true,
    "types": [],
    "noEmit": true
  }
}
`;

const kitNote = `
The tests use Berth's test kit. It comes from a checkout of Berth, after \`npm run build\` there: \`npm install --save-dev FOLDER\`. The
package called berth in npm's registry is another project.
`;

function readme({ name, file, point, berth }: TemplateOptions): string {
  return `# ${name}

A plugin for Berth that ${templates[point].about}.

| file | what it is |
|---|---|
| \`${file}.ts\` | the plugin |
| \`${file}.test.ts\` | its tests: \`npm install && npm test\` |
| \`berth.yaml\` | a configuration that enables it |
${berth === undefined ? kitNote : ''}
Check that it loads, and then that the configuration fits it:

\`\`\`sh
berth plugin check ${file}.ts
berth plugin check berth.yaml
\`\`\`

Run it against the cluster of your kubeconfig:

\`\`\`sh
berth run --config berth.yaml --leader-elect=false
\`\`\`

Without \`--leader-elect=false\` it waits for a lease in the namespace \`berth-system\`.

In the cluster, put \`${file}.ts\` and \`berth.yaml\` into one ConfigMap, mount it, and start Berth with \`--config\` pointing at
\`berth.yaml\`. TypeScript is read as it is: there is nothing to compile and no image to build.
`;
}

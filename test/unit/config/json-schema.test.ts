import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { inspectConfiguration } from '../../../src/config/inspect.js';
import { configurationJsonSchema } from '../../../src/config/json-schema.js';
import { YamlSource } from '../../../src/config/yaml-source.js';
import { generateFiles } from '../../e2e/config-twin/generate.js';

type Schema = Readonly<Record<string, unknown>>;

const schema = configurationJsonSchema();

/** What draft 7 has to say, as far as the schema makes use of it. */
function problems(part: Schema, value: unknown, path = ''): string[] {
  const { $ref, type, properties, required, items, allOf, anyOf, not, pattern, minLength } = part as {
    $ref?: string;
    type?: string;
    properties?: Record<string, Schema>;
    required?: string[];
    items?: Schema;
    allOf?: Schema[];
    anyOf?: Schema[];
    not?: Schema;
    pattern?: string;
    minLength?: number;
  };
  if ($ref !== undefined) {
    const name = $ref.replace('#/definitions/', '');
    return problems((schema.definitions as Record<string, Schema>)[name]!, value, path);
  }
  const found: string[] = [];
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  const types: Record<string, boolean> = {
    string: typeof value === 'string',
    boolean: typeof value === 'boolean',
    number: typeof value === 'number',
    integer: Number.isInteger(value),
    array: Array.isArray(value),
    object: isMapping,
  };
  if (type !== undefined && !types[type]) return [`${path} is no ${type}`];
  if ('const' in part && part.const !== value) found.push(`${path} is not ${part.const}`);
  if (Array.isArray(part.enum) && !part.enum.includes(value)) found.push(`${path} is none of the choices`);
  if (typeof part.minimum === 'number' && (value as number) < part.minimum)
    found.push(`${path} is too small`);
  if (typeof part.maximum === 'number' && (value as number) > part.maximum)
    found.push(`${path} is too large`);
  if (minLength !== undefined && (value as string).length < minLength) found.push(`${path} is too short`);
  if (pattern !== undefined && !new RegExp(pattern).test(value as string))
    found.push(`${path} does not match`);
  if (isMapping) {
    const fields = value as Record<string, unknown>;
    found.push(
      ...(required ?? []).filter((name) => !(name in fields)).map((name) => `${path}.${name} is missing`),
    );
    for (const [name, field] of Object.entries(fields)) {
      const known = properties?.[name];
      if (known !== undefined) found.push(...problems(known, field, `${path}.${name}`));
      else if (part.additionalProperties === false) found.push(`${path}.${name} is unknown`);
    }
  }
  if (Array.isArray(value) && items !== undefined)
    found.push(...value.flatMap((item, index) => problems(items, item, `${path}[${index}]`)));
  for (const each of [...(allOf ?? []), ...('if' in part ? [conditional(part)] : [])]) {
    const { if: condition, then: consequence, else: otherwise } = each as Record<string, Schema | undefined>;
    if (condition === undefined) found.push(...problems(each, value, path));
    else {
      const applies = problems(condition, value, path).length === 0;
      found.push(...problems((applies ? consequence : otherwise) ?? {}, value, path));
    }
  }
  if (not !== undefined && problems(not, value, path).length === 0) found.push(`${path} is excluded`);
  if (anyOf?.every((choice) => problems(choice, value, path).length > 0))
    found.push(`${path} fits no choice`);
  return found;
}

/** The keywords that belong together, alone: the rest of a schema is judged by itself. */
function conditional({ if: condition, then: consequence, else: otherwise }: Schema): Schema {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { if: condition, then: consequence, else: otherwise };
}

/** As an editor does: each document by itself. */
function judge(text: string): string[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return problems(schema, document.toJS());
  });
}

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const root = new URL('../../../', import.meta.url);

/** Configurations of people: our own, those of the examples, and those of Kubernetes' documentation that are of v1. */
const examples = ['config', 'examples', 'test/e2e/config-twin/examples'].flatMap((folder) =>
  readdirSync(fileURLToPath(new URL(folder, root)), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml') && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`)
    .filter((path) => /^apiVersion: (kubescheduler.config.k8s.io\/v1|berth.dev.*)$/m.test(read(path))),
);

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

function withoutEmpty(value: unknown): unknown {
  const isGiven = (field: unknown): boolean => field !== null && field !== '';
  if (Array.isArray(value)) return value.filter(isGiven).map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => isGiven(field));
  return Object.fromEntries(entries.map(([key, field]) => [key, withoutEmpty(field)]));
}

const file = (name: string): string =>
  readFileSync(new URL(`../../../config/${name}`, import.meta.url), 'utf8');

describe('the JSON Schema of configuration files', () => {
  it('in config/ is current; "berth config schema" prints it', () => {
    expect(JSON.parse(file('kubescheduler-configuration.schema.json'))).toEqual(schema);
  });

  it.each(examples)('fits the example %s', (name) => {
    expect(judge(read(name))).toEqual([]);
  });

  it('fits generated files that are accepted, and no file with an unknown field or a value of the wrong type', () => {
    const counts = { fits: 0, doesNotFit: 0 };
    for (const { name, text: content } of generateFiles(7, 600)) {
      const parsed = YamlSource.parse(content);
      if (!parsed.ok || content.includes(': *')) continue;
      // What is empty counts as left out; an editor asks for a value.
      const data = withoutEmpty(parsed.source.toData());
      const readFile = () => JSON.stringify(data);
      const found = inspectConfiguration(
        'generated.json',
        {},
        { readFile, allowDefaultLease: true },
      ).problems;
      // The editor asks for names, though to kube-scheduler none is an empty one.
      const told = problems(schema, data).filter((text) => !/\.(name|urlPrefix) is missing$/.test(text));
      if (found.length === 0) {
        counts.fits += 1;
        expect([name, told]).toEqual([name, []]);
      } else if (
        found.some((problem) => /unknown field|^expected (?!base64)|: expected (?!base64)/.test(problem.text))
      ) {
        counts.doesNotFit += 1;
        expect([name, found.map((problem) => problem.text), told]).not.toEqual([name, expect.anything(), []]);
      }
    }
    expect([counts.fits > 100, counts.doesNotFit > 100]).toEqual([true, true]);
  });

  it.each([
    ['paralelism: 1\n', '.paralelism is unknown'],
    ['parallelism: 0\n', '.parallelism is too small'],
    ['percentageOfNodesToScore: 101\n', '.percentageOfNodesToScore is too large'],
    ['leaderElection: {leaseDuration: 15}\n', '.leaderElection.leaseDuration is no string'],
    ['leaderElection: {leaseDuration: 15 s}\n', '.leaderElection.leaseDuration does not match'],
    ['profiles: [{plugins: {fliter: {}}}]\n', '.profiles[0].plugins.fliter is unknown'],
    [
      'profiles: [{plugins: {score: {enabled: [{weight: 1}]}}}]\n',
      '.profiles[0].plugins.score.enabled[0].name is missing',
    ],
    [
      'profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeigth: 1}}]}]\n',
      '.profiles[0].pluginConfig[0].args.hardPodAffinityWeigth is unknown',
    ],
    [
      'profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated, resources: [{weight: 1}]}}}]}]\n',
      '.profiles[0].pluginConfig[0].args.scoringStrategy.resources[0].name is missing',
    ],
    [
      'profiles: [{pluginConfig: [{name: VolumeBinding, args: {kind: InterPodAffinityArgs}}]}]\n',
      '.profiles[0].pluginConfig[0].args.kind is not VolumeBindingArgs',
    ],
  ])('does not fit %j', (body, expected) => {
    expect(judge(`${head}${body}`)).toEqual([expected]);
  });

  it.each([
    'profiles: [{pluginConfig: [{name: MyOwn, args: {anything: [1, 2]}}], plugins: {score: {enabled: [{name: MyOwn}]}}}]\n',
    'leaderElection: {leaseDuration: 1h0m0.5s, renewDeadline: 500ms, retryPeriod: "0"}\n',
  ])('fits %j', (body) => {
    expect(judge(`${head}${body}`)).toEqual([]);
  });

  it('describes every field, for editors to show', () => {
    const definitions = schema.definitions as Record<string, Schema>;
    const undescribed = ['KubeSchedulerConfiguration', 'BerthConfiguration'].flatMap((name) =>
      Object.entries(definitions[name]?.properties as Record<string, Schema>)
        .filter(([, { description }]) => description === undefined)
        .map(([field]) => `${name}.${field}`),
    );
    expect(undescribed).toEqual([]);
  });

  const scheduler = `${head}profiles: [{plugins: {score: {enabled: [{name: Mine}]}}}]\n`;
  const ours = 'apiVersion: berth.dev/v1alpha1\nkind: BerthConfiguration\n';
  const plugin = (more: string): string => `plugins: [{name: Mine, module: ./mine.ts${more}}]\n`;
  const accepts = (document: string): boolean => {
    const readFile = () => `${scheduler}---\n${document}`;
    return !inspectConfiguration('file.yaml', {}, { readFile }).problems.some(
      // What one document asks of the other no schema sees.
      ({ text }) => !text.includes('does not exist'),
    );
  };

  it.each([
    ours,
    `${ours}plugins: []\n`,
    ours + plugin(''),
    ours + plugin(', onFault: SkipPlugin, timeLimit: 50ms, bindingTimeLimit: 1m30s'),
    ours + plugin(', timeLimit: 0, breaker: {faults: 1, window: 1h, pause: 0.5s}'),
    ours + plugin(', timeLimit: "0", breaker: {}'),
    ours + plugin(', timeLimit: 0s, bindingTimeLimit: +10s'),
    ours.replace('\n', '\n# a comment\n') + plugin('').replace('Mine', 'example.com/my_own.Plugin-2'),
    `${ours}plugins: [{name: A, module: a}, {name: B, module: /plugins/b.mjs}]\n`,
  ])('fits the BerthConfiguration %j, which is accepted', (document) => {
    expect([judge(`${scheduler}---\n${document}`), accepts(document)]).toEqual([[], true]);
  });

  it.each([
    [`${ours}plugin: []\n`, '.plugin is unknown'],
    [`${ours}plugins: {Mine: ./mine.ts}\n`, '.plugins is no array'],
    [ours.replace('v1alpha1', 'v1'), '.apiVersion is not berth.dev/v1alpha1'],
    [ours.replace('BerthConfiguration', 'Berth'), '.kind is not BerthConfiguration'],
    [ours.replace('kind: BerthConfiguration\n', ''), '.kind is missing'],
    [ours.replace(/^.*\n/, ''), '.apiVersion is missing'],
    [`${ours}plugins: [{name: Mine}]\n`, '.plugins[0].module is missing'],
    [`${ours}plugins: [{module: ./mine.ts}]\n`, '.plugins[0].name is missing'],
    [`${ours}plugins: [{name: Mine, module: ""}]\n`, '.plugins[0].module is too short'],
    [ours + plugin('').replace('Mine', '-Mine'), '.plugins[0].name does not match'],
    [ours + plugin('').replace('Mine', 'NodeAffinity'), '.plugins[0].name is excluded'],
    [ours + plugin(', onFault: Skip'), '.plugins[0].onFault is none of the choices'],
    [ours + plugin(', timeLimit: 50'), '.plugins[0].timeLimit fits no choice'],
    [ours + plugin(', timeLimit: -1s'), '.plugins[0].timeLimit fits no choice'],
    [ours + plugin(', bindingTimeLimit: 0s'), '.plugins[0].bindingTimeLimit does not match'],
    [ours + plugin(', bindingTimeLimit: 0'), '.plugins[0].bindingTimeLimit is no string'],
    [ours + plugin(', breaker: {faults: 0}'), '.plugins[0].breaker.faults is too small'],
    [ours + plugin(', breaker: {faults: 1.5}'), '.plugins[0].breaker.faults is no integer'],
    [ours + plugin(', breaker: {window: soon}'), '.plugins[0].breaker.window does not match'],
    [ours + plugin(', breaker: {pauses: 1s}'), '.plugins[0].breaker.pauses is unknown'],
  ])('does not fit the BerthConfiguration %j, which is refused', (document, expected) => {
    expect([judge(`${scheduler}---\n${document}`), accepts(document)]).toEqual([[expected], false]);
  });

  it('judges each document by what it says it is', () => {
    expect(judge(`${ours}parallelism: 4\n---\n${head}plugins: []\n`)).toEqual([
      '.parallelism is unknown',
      '.plugins is unknown',
    ]);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { configurationJsonSchema } from '../../../src/config/json-schema.js';
import { YamlSource } from '../../../src/config/yaml-source.js';

type Schema = Readonly<Record<string, unknown>>;

const schema = configurationJsonSchema();

/** What draft 7 has to say, as far as the schema makes use of it. */
function problems(part: Schema, value: unknown, path = ''): string[] {
  const { $ref, type, properties, required, items, allOf, anyOf, pattern } = part as {
    $ref?: string;
    type?: string;
    properties?: Record<string, Schema>;
    required?: string[];
    items?: Schema;
    allOf?: Schema[];
    anyOf?: Schema[];
    pattern?: string;
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
  for (const each of allOf ?? []) {
    const { if: condition, then: consequence } = each as { if?: Schema; then?: Schema };
    if (condition === undefined) found.push(...problems(each, value, path));
    else if (problems(condition, value, path).length === 0)
      found.push(...problems(consequence!, value, path));
  }
  if (anyOf?.every((choice) => problems(choice, value, path).length > 0))
    found.push(`${path} fits no choice`);
  return found;
}

function judge(text: string): string[] {
  const parsed = YamlSource.parse(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return problems(schema, parsed.source.toData());
}

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const file = (name: string): string =>
  readFileSync(new URL(`../../../config/${name}`, import.meta.url), 'utf8');

describe('the JSON Schema of configuration files', () => {
  it('in config/ is current; "berth config schema" prints it', () => {
    expect(JSON.parse(file('kubescheduler-configuration.schema.json'))).toEqual(schema);
  });

  it.each(['berth.yaml', 'bin-packing.yaml', 'laptop.yaml'])('fits the example %s', (name) => {
    expect(judge(file(name))).toEqual([]);
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
    const undescribed = Object.entries(schema.properties as Record<string, Schema>)
      .filter(([, { description }]) => description === undefined)
      .map(([name]) => name);
    expect(undescribed).toEqual([]);
  });
});

import { z } from 'zod';
import { currentVersion, expectedKind } from './api-version.js';
import { argsSchemas, resourceSpec } from './args-schemas.js';
import { berthJsonSchema, isBerthDocumentSchema } from './berth-json-schema.js';
import { durationKind } from './field-types.js';
import { inTreePlugins } from './in-tree-plugins.js';
import { fileSchema, managedResource, pluginConfigEntry, pluginEntry } from './schema.js';

type JsonSchema = Record<string, unknown>;

/** Where such a file is found: the address that `# yaml-language-server: $schema=` can name. */
const id = 'kubescheduler-configuration.schema.json';

/** Mappings that always have a name, though to kube-scheduler none is an empty one. */
const named: ReadonlySet<unknown> = new Set([pluginEntry, pluginConfigEntry, managedResource, resourceSpec]);

/** Closed lists of values, by the field's name: an editor offers them. */
const choices: Readonly<Record<string, readonly string[]>> = {
  resourceLock: ['leases'],
  whenUnsatisfiable: ['DoNotSchedule', 'ScheduleAnyway'],
  defaultingType: ['System', 'List'],
  nodeAffinityPolicy: ['Honor', 'Ignore'],
  nodeTaintsPolicy: ['Honor', 'Ignore'],
  operator: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'],
};

/** What numbers may be, by the field's name; where both ends are missing here the type says enough. */
const ranges: Readonly<Record<string, { readonly minimum?: number; readonly maximum?: number }>> = {
  parallelism: { minimum: 1 },
  burst: { minimum: 0 },
  podInitialBackoffSeconds: { minimum: 1 },
  podMaxBackoffSeconds: { minimum: 1 },
  percentageOfNodesToScore: { minimum: 0, maximum: 100 },
  minCandidateNodesPercentage: { minimum: 0, maximum: 100 },
  minCandidateNodesAbsolute: { minimum: 0 },
  hardPodAffinityWeight: { minimum: 0, maximum: 100 },
  bindTimeoutSeconds: { minimum: 0 },
  utilization: { minimum: 0, maximum: 100 },
  score: { minimum: 0, maximum: 10 },
  maxSkew: { minimum: 1 },
};

const durationPattern = '^([-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+$|^[-+]?0$';

/**
 * The JSON Schema (draft 7) of configuration files, for each of their documents: a KubeSchedulerConfiguration v1, made of the very schema
 * that files are read by, or a BerthConfiguration. An editor applies it to each document by itself.
 */
export function configurationJsonSchema(): JsonSchema {
  const { $schema, definitions, ...schema } = generate(fileSchema);
  const properties = schema.properties as Record<string, JsonSchema>;
  properties.apiVersion = { ...properties.apiVersion, const: currentVersion };
  properties.kind = { ...properties.kind, const: expectedKind };
  const title = `${expectedKind} (${currentVersion})`;
  return {
    $schema,
    $id: id,
    title: 'Configuration of Berth',
    type: 'object',
    // Not "oneOf": an editor would tell what is wrong in a document by both.
    if: isBerthDocumentSchema,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { $ref: '#/definitions/BerthConfiguration' },
    else: { $ref: `#/definitions/${expectedKind}` },
    definitions: {
      [expectedKind]: { title, ...schema },
      BerthConfiguration: berthJsonSchema,
      ...(definitions as JsonSchema),
      ...Object.fromEntries(
        Object.entries(argsSchemas).map(([plugin, args]) => [`${plugin}Args`, argsSchema(plugin, args)]),
      ),
    },
  };
}

function argsSchema(plugin: string, args: z.ZodType): JsonSchema {
  const { $schema: _schema, ...schema } = generate(args);
  const properties = schema.properties as Record<string, JsonSchema>;
  properties.apiVersion = { ...properties.apiVersion, const: currentVersion };
  properties.kind = { ...properties.kind, const: `${plugin}Args` };
  return schema;
}

function generate(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema }) => {
      const json = jsonSchema as JsonSchema;
      if (durationKind(zodSchema) !== undefined) json.pattern = durationPattern;
      const properties = json.properties as Record<string, JsonSchema> | undefined;
      if (properties === undefined) return;
      if (named.has(zodSchema)) json.required = ['name'];
      for (const [field, values] of Object.entries(choices)) {
        const property = properties[field];
        // Made anew: fields of one type have one object.
        if (property !== undefined) properties[field] = { ...property, enum: values };
      }
      for (const [field, range] of Object.entries(ranges)) {
        const property = properties[field];
        if (property?.type === 'integer') properties[field] = { ...property, ...range };
      }
      if (properties.urlPrefix !== undefined) json.required = ['urlPrefix'];
      if ((zodSchema as unknown) === pluginEntry) offerPlugins(properties, true);
      if ((zodSchema as unknown) === pluginConfigEntry) {
        offerPlugins(properties, false);
        json.allOf = Object.keys(argsSchemas).map((plugin) => ({
          if: { properties: { name: { const: plugin } }, required: ['name'] },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: { properties: { args: { $ref: `#/definitions/${plugin}Args` } } },
        }));
      }
    },
  }) as JsonSchema;
}

/** Names that an editor offers; others are plugins of the user's own. */
function offerPlugins(properties: Record<string, JsonSchema>, withStar: boolean): void {
  const { type: _type, ...rest } = properties.name ?? {};
  const names = [...inTreePlugins.keys(), ...(withStar ? ['*'] : [])];
  properties.name = { ...rest, anyOf: [{ enum: names }, { type: 'string' }] };
}

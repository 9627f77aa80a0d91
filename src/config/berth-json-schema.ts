import { pluginModuleDefaults } from './berth-configuration.js';
import { formatDuration } from './duration.js';
import { inTreePlugins } from './in-tree-plugins.js';

type JsonSchema = Record<string, unknown>;

const { onFault, timeLimitMs, bindingTimeLimitMs, breaker } = pluginModuleDefaults;
const parts = '([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h)';
/** A duration that is not negative. */
const durationPattern = `^[+]?((${parts})+|0)$`;
/** With a digit other than 0 in it. */
const positiveDurationPattern = `^[+]?(?=.*[1-9])(${parts})+$`;

const duration = (description: string, defaultMs: number): JsonSchema => ({
  type: 'string',
  pattern: positiveDurationPattern,
  description: `${description} Default: ${formatDuration(defaultMs)}.`,
});

const plugin: JsonSchema = {
  type: 'object',
  properties: {
    name: {
      type: 'string',
      pattern: '^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$',
      not: { enum: [...inTreePlugins.keys()] },
      description:
        'As profiles name the plugin, and as the module names it. Not the name of a plugin of kube-scheduler.',
    },
    module: {
      type: 'string',
      minLength: 1,
      description:
        'A path relative to this file, such as ./plugin.ts, an absolute path, or the name of a package in a node_modules beside this file.',
    },
    onFault: {
      type: 'string',
      enum: ['FailPod', 'SkipPlugin'],
      description: `What becomes of a pod whose plugin fails. FailPod: the attempt fails, and the pod is tried again later. SkipPlugin: as if the plugin were not there. Default: ${onFault}.`,
    },
    timeLimit: {
      anyOf: [{ type: 'string', pattern: durationPattern }, { const: 0 }],
      description: `For one call of one extension point, all nodes together; 0: measured, never interrupted. Default: ${formatDuration(timeLimitMs)}.`,
    },
    bindingTimeLimit: duration('For one PreBind or Bind, which may wait for others.', bindingTimeLimitMs),
    breaker: {
      type: 'object',
      properties: {
        faults: {
          type: 'integer',
          minimum: 1,
          description: `After so many faults the plugin is not called for a while. Default: ${breaker.faults}.`,
        },
        window: duration('Faults count when they occur within this time.', breaker.windowMs),
        pause: duration('How long the plugin is not called then.', breaker.pauseMs),
      },
      additionalProperties: false,
      description: 'When a plugin that fails is switched off.',
    },
  },
  required: ['name', 'module'],
  additionalProperties: false,
};

/** The JSON Schema (draft 7) of BerthConfiguration documents: what `decodeBerthConfiguration` reads. */
export const berthJsonSchema: JsonSchema = {
  type: 'object',
  title: 'BerthConfiguration (berth.dev/v1alpha1)',
  properties: {
    apiVersion: { type: 'string', const: 'berth.dev/v1alpha1', description: 'berth.dev/v1alpha1' },
    kind: { type: 'string', const: 'BerthConfiguration', description: 'BerthConfiguration' },
    plugins: { type: 'array', items: plugin, description: 'Plugins that come from modules. Left out: none.' },
  },
  required: ['apiVersion', 'kind'],
  additionalProperties: false,
};

/** Holds for a document that means to be a BerthConfiguration, however it is misspelt otherwise. */
export const isBerthDocumentSchema: JsonSchema = {
  anyOf: [
    { properties: { apiVersion: { type: 'string', pattern: '^berth\\.dev/' } }, required: ['apiVersion'] },
    { properties: { kind: { const: 'BerthConfiguration' } }, required: ['kind'] },
  ],
};

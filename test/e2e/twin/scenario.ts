import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type Expectation, parseExpectation } from './expectation.js';

/** An object as a scenario's author wrote it. */
export interface ObjectManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** One thing that is done; the next one follows when it has settled on both clusters. */
export type Part =
  | { readonly kind: 'nodes'; readonly nodes: readonly ObjectManifest[] }
  | { readonly kind: 'object'; readonly object: ObjectManifest }
  | { readonly kind: 'pod'; readonly object: ObjectManifest; readonly expected: Expectation }
  /** An object whose controller makes pods. */
  | { readonly kind: 'workload'; readonly object: ObjectManifest; readonly expected: readonly Expectation[] }
  | {
      readonly kind: 'step';
      readonly commands: readonly (readonly string[])[];
      readonly pauseSeconds: number;
      /** What has to come of pods and of workloads' pods, by name. */
      readonly expected: ReadonlyMap<string, readonly Expectation[]>;
    };

export interface Scenario {
  /** The file's name without its ending; namespaced objects live in a namespace of this name. */
  readonly name: string;
  /** Minor of Kubernetes, for example 35, before which the API server does not take an object as it is written. 0 for all. */
  readonly sinceMinor: number;
  readonly parts: readonly Part[];
}

const WORKLOADS = new Set([
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'ReplicationController',
  'Job',
]);
const EXPECT = 'twin/expect';
const COPIES = 'twin/copies';

/** All scenarios of a folder, by name. @throws Error that names the file and the document that cannot be understood. */
export function readScenarios(folder: string): Scenario[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => readScenario(join(folder, file)));
}

function readScenario(path: string): Scenario {
  const parts: Part[] = [];
  let sinceMinor = 0;
  for (const [index, document] of parseAllDocuments(readFileSync(path, 'utf8')).entries()) {
    try {
      if (document.errors.length > 0) throw document.errors[0];
      const content = document.toJS() as unknown;
      if (content === null) continue;
      if (isRequirement(content)) {
        sinceMinor = minorOf(content.kubernetes);
        continue;
      }
      parts.push(...readDocument(content as ObjectManifest));
    } catch (error) {
      throw new Error(`${path}, document ${index + 1}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { name: basename(path, '.yaml'), sinceMinor, parts: withNodesTogether(parts) };
}

function isRequirement(content: unknown): content is { readonly kubernetes: unknown } {
  return (content as { readonly kind?: unknown }).kind === 'Requirement';
}

function minorOf(version: unknown): number {
  const minor = /^1\.(\d+)$/.exec(String(version))?.[1];
  if (minor === undefined) throw new Error('a Requirement says kubernetes: "1.MINOR"');
  return Number(minor);
}

function readDocument(document: ObjectManifest): Part[] {
  if (document.kind === 'Step') return [readStep(document as unknown as StepDocument)];
  if (typeof document.kind !== 'string' || typeof document.apiVersion !== 'string')
    throw new Error('an object needs apiVersion and kind');
  const expected = document.metadata.annotations?.[EXPECT];
  if (WORKLOADS.has(document.kind))
    return [{ kind: 'workload', object: plain(document), expected: expectations(needed(expected)) }];
  return copies(document).map((object): Part => {
    if (object.kind === 'Node') return { kind: 'nodes', nodes: [object] };
    if (object.kind !== 'Pod') return { kind: 'object', object };
    return { kind: 'pod', object, expected: parseExpectation(needed(expected)) };
  });
}

interface StepDocument {
  readonly kubectl?: string | readonly string[];
  readonly pauseSeconds?: number;
  readonly expect?: Readonly<Record<string, string>>;
}

function readStep(step: StepDocument): Part {
  const {
    kind: _,
    kubectl = [],
    pauseSeconds = 0,
    expect = {},
    ...unknown
  } = step as StepDocument & { kind: string };
  if (Object.keys(unknown).length > 0) throw new Error(`a Step has no ${Object.keys(unknown).join(', ')}`);
  return {
    kind: 'step',
    commands: [kubectl].flat().map(words),
    pauseSeconds,
    expected: new Map(Object.entries(expect).map(([name, text]) => [name, expectations(text)])),
  };
}

/** Several expectations, of a workload's pods, are separated by semicolons. */
function expectations(text: string): Expectation[] {
  return text.split(';').map((part) => parseExpectation(part));
}

function needed(expected: string | undefined): string {
  if (expected === undefined) throw new Error(`the annotation ${EXPECT} has to say what comes of it`);
  return expected;
}

/** As many of it as its annotation says, numbered; the scenario's own annotations are taken off. */
function copies(document: ObjectManifest): ObjectManifest[] {
  const count = Number(document.metadata.annotations?.[COPIES] ?? 0);
  const object = plain(document);
  if (count === 0) return [object];
  return Array.from({ length: count }, (_, index) => ({
    ...object,
    metadata: { ...object.metadata, name: `${object.metadata.name}-${index + 1}` },
  }));
}

function plain(document: ObjectManifest): ObjectManifest {
  const { annotations, ...metadata } = document.metadata;
  const kept = Object.entries(annotations ?? {}).filter(([key]) => key !== EXPECT && key !== COPIES);
  if (kept.length === 0) return { ...document, metadata };
  return { ...document, metadata: { ...metadata, annotations: Object.fromEntries(kept) } };
}

/** Nodes that follow one another are made at once. */
function withNodesTogether(parts: readonly Part[]): Part[] {
  const together: Part[] = [];
  for (const part of parts) {
    const last = together.at(-1);
    if (part.kind === 'nodes' && last?.kind === 'nodes')
      together[together.length - 1] = { kind: 'nodes', nodes: [...last.nodes, ...part.nodes] };
    else together.push(part);
  }
  return together;
}

/** Splits a command line at blanks, as a shell does that knows no more than quotes. */
function words(line: string): string[] {
  const found = line.match(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g) ?? [];
  return found.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
}

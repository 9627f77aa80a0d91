import { z } from 'zod';
import type { DecodedFile } from './defaults.js';
import type { FieldPath, FieldProblem } from './field-problem.js';
import { hasKnownArgs } from './plugin-args.js';
import { argsSchemas, fileSchema } from './schema.js';
import { didYouMean } from './suggest.js';

export type Decoded =
  | { readonly ok: true; readonly file: DecodedFile }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

const group = 'kubescheduler.config.k8s.io';

/** Reads plain data strictly as a KubeSchedulerConfiguration v1: unknown fields and wrong types are problems. */
export function decodeFile(data: unknown): Decoded {
  const given = withoutNulls(data);
  const outcome = fileSchema.safeParse(given);
  if (!outcome.success) {
    return { ok: false, problems: toProblems(outcome.error, fileSchema, given, []) };
  }
  const problems: FieldProblem[] = [];
  const { apiVersion: _apiVersion, kind: _kind, ...file } = outcome.data;
  for (const [index, profile] of (file.profiles ?? []).entries()) {
    for (const [entryIndex, entry] of (profile.pluginConfig ?? []).entries()) {
      const path = ['profiles', index, 'pluginConfig', entryIndex, 'args'];
      const decoded = decodeArgs(entry.name, entry.args ?? {}, path);
      if (decoded.ok) {
        entry.args = decoded.args;
      } else {
        problems.push(...decoded.problems);
      }
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, file };
}

type DecodedArgs =
  | { readonly ok: true; readonly args: Record<string, unknown> }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

function decodeArgs(plugin: string, given: Record<string, unknown>, path: FieldPath): DecodedArgs {
  if (!hasKnownArgs(plugin)) {
    return { ok: true, args: given };
  }
  const schema: z.ZodType = argsSchemas[plugin];
  const outcome = schema.safeParse(given);
  if (!outcome.success) {
    return { ok: false, problems: toProblems(outcome.error, schema, given, path) };
  }
  const { apiVersion, kind, ...args } = outcome.data as Record<string, unknown>;
  const expected = `${plugin}Args`;
  if ((kind !== undefined && kind !== expected) || !(apiVersion === undefined || isOurGroup(apiVersion))) {
    const text = `args for plugin ${plugin} were not of type ${expected}.${group}, got ${apiVersion ?? ''}/${kind ?? ''}`;
    return { ok: false, problems: [{ path, text }] };
  }
  return { ok: true, args };
}

function isOurGroup(apiVersion: unknown): boolean {
  return typeof apiVersion === 'string' && apiVersion.startsWith(`${group}/`);
}

/** A field set to null is a field not given. */
function withoutNulls(data: unknown): unknown {
  if (Array.isArray(data)) {
    return data.map(withoutNulls);
  }
  if (typeof data !== 'object' || data === null) {
    return data;
  }
  const entries = Object.entries(data).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutNulls(value)]));
}

function toProblems(error: z.ZodError, schema: z.ZodType, data: unknown, base: FieldPath): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path as FieldPath;
    if (issue.code === 'unrecognized_keys') {
      const known = fieldsAt(schema, path);
      return issue.keys.map((key) => ({
        path: [...base, ...path, key],
        text: `unknown field${didYouMean(key, known)}`,
      }));
    }
    return [{ path: [...base, ...path], text: issueText(issue, valueAt(data, path)) }];
  });
}

function issueText(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type') {
    return value === undefined
      ? 'Required value'
      : `expected ${expectedNames[issue.expected] ?? issue.expected}, got ${describe(value)}`;
  }
  if (issue.code === 'too_big' || issue.code === 'too_small') {
    return `expected an integer that fits its field, got ${describe(value)}`;
  }
  return issue.message;
}

const expectedNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'an integer',
  number: 'a number',
  object: 'a mapping',
  record: 'a mapping',
  string: 'a text',
};

function describe(value: unknown): string {
  if (Array.isArray(value)) {
    return 'a list';
  }
  return typeof value === 'object' && value !== null ? 'a mapping' : (JSON.stringify(value) ?? 'nothing');
}

function valueAt(data: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Readonly<Record<string | number, unknown>> | undefined)?.[part],
    data,
  );
}

/** The fields that the schema knows at a path. */
function fieldsAt(schema: z.ZodType, path: FieldPath): string[] {
  let current: unknown = schema;
  for (const part of path) {
    current = unwrapped(current);
    if (current instanceof z.ZodObject) {
      current = (current.shape as Record<string, unknown>)[part];
    } else if (current instanceof z.ZodArray) {
      current = current.element;
    } else {
      return [];
    }
  }
  current = unwrapped(current);
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap()) : schema;
}

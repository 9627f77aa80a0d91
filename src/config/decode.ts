import { z } from 'zod';
import { argsSchemas } from './args-schemas.js';
import type { DecodedFile } from './defaults.js';
import { formatDuration } from './duration.js';
import { type FieldPath, type FieldProblem, formatPath } from './field-problem.js';
import { durationKind } from './field-types.js';
import { adviceOnMisplaced, droppedFields } from './misplaced-field.js';
import { hasKnownArgs } from './plugin-args.js';
import { fileSchema } from './schema.js';
import { emptyOf, fieldsAt, schemaAt, unwrapped, withoutNulls } from './schema-walk.js';
import { closest } from './suggest.js';

export interface Decoded {
  /** What is left when everything that could not be read is left out, so that the rest can be judged too. */
  readonly file: DecodedFile;
  readonly problems: readonly FieldProblem[];
}

const group = 'kubescheduler.config.k8s.io';

/** Reads plain data strictly as a KubeSchedulerConfiguration v1: unknown fields and wrong types are problems. */
export function decodeFile(data: unknown): Decoded {
  const { value, problems } = decode(fileSchema, data, []);
  const { apiVersion: _apiVersion, kind: _kind, ...file } = value as z.output<typeof fileSchema>;
  for (const [index, profile] of (file.profiles ?? []).entries()) {
    for (const [entryIndex, entry] of (profile.pluginConfig ?? []).entries()) {
      const decoded = decodeArgs(entry, ['profiles', index, 'pluginConfig', entryIndex, 'args']);
      entry.args = decoded.value;
      problems.push(...decoded.problems);
    }
  }
  return { file, problems };
}

interface DecodedValue {
  readonly value: unknown;
  readonly problems: FieldProblem[];
}

function decodeArgs(
  { name = '', args }: { readonly name?: string | undefined; readonly args?: unknown },
  path: FieldPath,
): DecodedValue {
  if (!hasKnownArgs(name) || args === undefined || args === null) {
    return { value: args ?? undefined, problems: [] };
  }
  if (typeof args !== 'object' || Array.isArray(args)) {
    return { value: undefined, problems: [wrongType(path, 'a mapping', args)] };
  }
  const { value, problems } = decode(argsSchemas[name], args, path);
  const { apiVersion, kind, ...rest } = value as Record<string, unknown>;
  return { value: rest, problems: [...kindProblems(name, { apiVersion, kind }, path), ...problems] };
}

function kindProblems(
  plugin: string,
  { apiVersion, kind }: { readonly apiVersion: unknown; readonly kind: unknown },
  path: FieldPath,
): FieldProblem[] {
  const expected = `${plugin}Args`;
  if (apiVersion && apiVersion !== `${group}/v1`) {
    return [
      {
        path: [...path, 'apiVersion'],
        text: `no kind "${kind || expected}" is registered for version ${JSON.stringify(apiVersion)}`,
        expected: `${group}/v1, or nothing`,
        suggestion: 'leave it out',
      },
    ];
  }
  if (kind && kind !== expected) {
    return [
      {
        path: [...path, 'kind'],
        text: `args for plugin ${plugin} were not of type ${expected}.${group}, got ${kind}.${group}`,
        expected: `${expected}, or nothing`,
        suggestion: 'leave it out',
      },
    ];
  }
  return [];
}

/** Leaves out what does not fit and tries again, until the rest fits. */
function decode(schema: z.ZodType, given: unknown, base: FieldPath): DecodedValue {
  const data = withoutNulls(schema, structuredClone(given));
  const problems: FieldProblem[] = [];
  for (;;) {
    const outcome = schema.safeParse(data);
    if (outcome.success) {
      return { value: outcome.data, problems };
    }
    for (const issue of outcome.error.issues) {
      const path = issue.path as FieldPath;
      if (issue.code === 'unrecognized_keys') {
        const known = fieldsAt(schema, path);
        for (const key of issue.keys) {
          const misplaced = adviceOnMisplaced(schema, path, key, valueAt(given, path));
          problems.push(unknownField([...base, ...path, key], key, { known, misplaced }));
          leaveOut(schema, data, [...path, key]);
        }
      } else {
        problems.push({ ...misfit(schema, issue, data), path: [...base, ...path] });
        leaveOut(schema, data, path);
      }
    }
  }
}

function unknownField(
  path: FieldPath,
  key: string,
  { known, misplaced }: { readonly known: readonly string[]; readonly misplaced: string | undefined },
): FieldProblem {
  const near = closest(key, known);
  const advice = misplaced ?? droppedFields[key] ?? (near && `did you mean "${near}"?`);
  return {
    path,
    text: 'unknown field',
    expected: known.length === 0 ? 'nothing' : `one of ${known.join(', ')}`,
    ...(advice !== undefined && { suggestion: advice }),
  };
}

/** Takes a value out of the data; in a list an empty one takes its place, so that the others keep their number. */
function leaveOut(schema: z.ZodType, data: unknown, path: FieldPath): void {
  const last = path.at(-1);
  const parent = valueAt(data, path.slice(0, -1)) as Record<string | number, unknown>;
  if (last === undefined || typeof parent !== 'object') {
    throw new Error('the whole of the data is not what the schema describes');
  }
  const empty = emptyOf(schemaAt(schema, path));
  if (Array.isArray(parent) && empty !== undefined) parent[last] = empty;
  else if (Array.isArray(parent)) parent.splice(last as number, 1);
  else delete parent[last];
}

function misfit(schema: z.ZodType, issue: z.core.$ZodIssue, data: unknown): Omit<FieldProblem, 'path'> {
  const path = issue.path as FieldPath;
  const value = valueAt(data, path);
  const type = unwrapped(schemaAt(schema, path));
  if (durationKind(type) !== undefined) {
    const isCount = typeof value === 'number' && Number.isInteger(value) && value > 0;
    // Numbers stem from scheduler policies, where they were nanoseconds, or mean seconds.
    const meant = isCount ? formatDuration(value < 1e6 ? value * 1_000 : value / 1e6) : undefined;
    return mismatch('a duration such as "15s" or "1m30s"', value, meant && `did you mean "${meant}"?`);
  }
  if (issue.code === 'invalid_type') {
    const expected = type instanceof z.ZodNumberFormat ? 'int' : issue.expected;
    const hint = yamlHint(expected, value) ?? mappingHint(fieldsAt(type, []), value);
    return mismatch(expectedNames[expected] ?? expected, value, hint);
  }
  if (issue.code === 'too_big' || issue.code === 'too_small') {
    return mismatch('an integer that fits its field', value);
  }
  // The value may be a key: not shown.
  return { text: issue.message };
}

function wrongType(path: FieldPath, expected: string, value: unknown): FieldProblem {
  return { path, ...mismatch(expected, value) };
}

function mismatch(expected: string, value: unknown, suggestion?: string): Omit<FieldProblem, 'path'> {
  return {
    text: `expected ${expected}, got ${describe(value)}`,
    expected,
    ...(suggestion !== undefined && { suggestion }),
  };
}

/** Quotes too many, or too few: what is mostly behind a scalar of the wrong type. */
function yamlHint(expected: string, value: unknown): string | undefined {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return 'put it in quotes';
  }
  const isNumber = expected === 'number' || expected === 'int';
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const meant = isNumber ? /^-?\d+$/.test(value) : expected === 'boolean' && /^(true|false)$/i.test(value);
  return meant ? 'leave out the quotes' : undefined;
}

/** A list without the field that it is the value of, or a plugin without the field of its name. */
function mappingHint(fields: readonly string[], value: unknown): string | undefined {
  if (Array.isArray(value) && fields.includes('enabled')) return 'put the list beneath "enabled:"';
  const isName = typeof value === 'string' && /^[A-Za-z][\w./-]*$/.test(value);
  return isName && fields.includes('name') ? `write "name: ${value}"` : undefined;
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

/** Whether a path is one of the problems' or lies beneath one: what is there was left out. */
export function isCovered(path: FieldPath, problems: readonly FieldProblem[]): boolean {
  const text = formatPath(path);
  return problems.some((problem) => {
    const other = formatPath(problem.path);
    return text === other || text.startsWith(`${other}.`) || text.startsWith(`${other}[`);
  });
}

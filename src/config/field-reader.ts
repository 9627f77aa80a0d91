import { parseDuration } from './duration.js';
import { type FieldPath, type FieldProblem, invalid, required, unsupported } from './field-problem.js';
import { closest } from './suggest.js';

/** Reads fields one by one and notes what is wrong with them, so that all of it can be told at once. */
export class FieldReader {
  readonly problems: FieldProblem[] = [];
  readonly #data: unknown;

  constructor(data: unknown) {
    this.#data = data;
  }

  /** The fields of a mapping. Others than those known are problems. */
  fields<Name extends string>(path: FieldPath, known: readonly Name[]): Partial<Record<Name, unknown>> {
    const value = path.reduce<unknown>(
      (at, part) => (at as Readonly<Record<string | number, unknown>>)[part],
      this.#data,
    );
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problems.push({ path, text: `expected a mapping, got ${describe(value)}` });
      return {};
    }
    for (const key of Object.keys(value)) {
      if ((known as readonly string[]).includes(key)) continue;
      const near = closest(key, known);
      this.problems.push({
        path: [...path, key],
        text: 'unknown field',
        expected: `one of ${known.join(', ')}`,
        ...(near !== undefined && { suggestion: `did you mean "${near}"?` }),
      });
    }
    return value as Partial<Record<Name, unknown>>;
  }

  /** Paths of a list's items. */
  list(path: FieldPath, value: unknown): FieldPath[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((_item, index) => [...path, index]);
    this.problems.push({ path, text: `expected a list, got ${describe(value)}` });
    return [];
  }

  text(path: FieldPath, value: unknown): string {
    if (typeof value === 'string' && value !== '') return value;
    this.problems.push(
      value === undefined || value === null || value === ''
        ? required(path)
        : { path, text: `expected a text, got ${describe(value)}` },
    );
    return '';
  }

  choice<Choice extends string>(
    path: FieldPath,
    value: unknown,
    choices: readonly Choice[],
    otherwise: Choice,
  ): Choice {
    if (value === undefined || value === null) return otherwise;
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    const meant = typeof value === 'string' ? closest(value, choices) : undefined;
    const problem = unsupported(path, value, choices);
    this.problems.push(
      meant === undefined ? problem : { ...problem, suggestion: `did you mean "${meant}"?` },
    );
    return otherwise;
  }

  /** Milliseconds. */
  duration(path: FieldPath, value: unknown, otherwise: number, least: number): number {
    if (value === undefined || value === null) return otherwise;
    const ms = typeof value === 'string' ? parseDuration(value) : value === 0 ? 0 : undefined;
    if (ms !== undefined && ms >= least) return ms;
    this.problems.push(
      invalid(path, value, `must be a duration such as 50ms, 2s or 1m30s${least === 0 ? ', or 0' : ''}`),
    );
    return otherwise;
  }

  count(path: FieldPath, value: unknown, otherwise: number): number {
    if (value === undefined || value === null) return otherwise;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
    this.problems.push(invalid(path, value, 'must be a whole number greater than 0'));
    return otherwise;
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a mapping' : (JSON.stringify(value) ?? 'nothing');
}

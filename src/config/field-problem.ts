/** Keys and indexes from the top of the configuration to a field. */
export type FieldPath = readonly (string | number)[];

/** Something wrong with one field, in Kubernetes' wording where it has one: `Invalid value: 0: should be …`. */
export interface FieldProblem {
  readonly path: FieldPath;
  readonly text: string;
  /** What belongs there, where the text does not say it. */
  readonly expected?: string;
  /** What to do, or what was probably meant. */
  readonly suggestion?: string;
}

/** What may be said of a field beside the problem itself. */
export type ProblemAdvice = Pick<FieldProblem, 'expected' | 'suggestion'>;

/** `profiles[0].plugins.filter.enabled[1]` */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') {
      return `${text}[${part}]`;
    }
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** `profiles[0].pluginz: unknown field; did you mean "plugins"?`: a problem in one line, without its place. */
export function formatProblem({ path, text, suggestion }: FieldProblem): string {
  const field = formatPath(path);
  const line = field === '' ? text : `${field}: ${text}`;
  return suggestion === undefined ? line : `${line}; ${suggestion}`;
}

export function invalid(
  path: FieldPath,
  value: unknown,
  detail: string,
  advice: ProblemAdvice = {},
): FieldProblem {
  return { path, text: `Invalid value: ${show(value)}: ${detail}`, ...advice };
}

export function required(path: FieldPath, detail?: string): FieldProblem {
  return { path, text: detail === undefined ? 'Required value' : `Required value: ${detail}` };
}

export function duplicate(path: FieldPath, value: unknown): FieldProblem {
  return { path, text: `Duplicate value: ${show(value)}` };
}

export function unsupported(
  path: FieldPath,
  value: unknown,
  supported: readonly string[],
  advice: ProblemAdvice = {},
): FieldProblem {
  const values = supported.map((item) => JSON.stringify(item)).join(', ');
  return { path, text: `Unsupported value: ${show(value)}: supported values: ${values}`, ...advice };
}

export function forbidden(path: FieldPath, detail: string): FieldProblem {
  return { path, text: `Forbidden: ${detail}` };
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

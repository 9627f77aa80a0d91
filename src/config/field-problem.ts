/** Keys and indexes from the top of the configuration to a field. */
export type FieldPath = readonly (string | number)[];

/** Something wrong with one field, in Kubernetes' wording: `Invalid value: 0: should be …`. */
export interface FieldProblem {
  readonly path: FieldPath;
  readonly text: string;
}

/** `profiles[0].plugins.filter.enabled[1]` */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') {
      return `${text}[${part}]`;
    }
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

export function invalid(path: FieldPath, value: unknown, detail: string): FieldProblem {
  return { path, text: `Invalid value: ${show(value)}: ${detail}` };
}

export function required(path: FieldPath, detail?: string): FieldProblem {
  return { path, text: detail === undefined ? 'Required value' : `Required value: ${detail}` };
}

export function duplicate(path: FieldPath, value: unknown): FieldProblem {
  return { path, text: `Duplicate value: ${show(value)}` };
}

export function unsupported(path: FieldPath, value: unknown, supported: readonly string[]): FieldProblem {
  const values = supported.map((item) => JSON.stringify(item)).join(', ');
  return { path, text: `Unsupported value: ${show(value)}: supported values: ${values}` };
}

export function forbidden(path: FieldPath, detail: string): FieldProblem {
  return { path, text: `Forbidden: ${detail}` };
}

/** A value to be shown without quotes, such as a duration. */
export class Verbatim {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function show(value: unknown): string {
  return value instanceof Verbatim ? value.text : (JSON.stringify(value) ?? 'null');
}

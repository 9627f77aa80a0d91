import { isRecord, type JsonRecord, recordsAt, stringAt, stringMapAt } from './json-value.js';
import { badRequest } from './status-error.js';

export type Labels = Readonly<Record<string, string>>;

type Operator = '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';

interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

export type LabelMatcher = (labels: Labels) => boolean;

const TOKEN = /\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)/y;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) break;
    tokens.push(match[1] ?? '');
  }
  return tokens;
}

const isWord = (token: string | undefined): token is string =>
  token !== undefined && !/^[=!(),<>]/.test(token);

/** Reads the `labelSelector` query parameter: equality and set expressions, joined by commas. */
class SelectorParser {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (this.#peek() !== undefined) {
      requirements.push(this.#requirement());
      const separator = this.#take();
      if (separator === undefined) break;
      if (separator !== ',') throw this.#unexpected(separator, "',' or 'end of string'");
      if (this.#peek() === undefined) throw this.#unexpected('', "identifier after ','");
    }
    return requirements;
  }

  #requirement(): Requirement {
    const negated = this.#peek() === '!';
    if (negated) this.#take();
    const key = this.#take();
    if (!isWord(key)) throw this.#unexpected(key ?? '', "'!' or 'identifier'");
    const following = this.#peek();
    if (negated || following === undefined || following === ',') {
      return { key, operator: negated ? '!' : 'exists', values: [] };
    }
    const operator = this.#take() ?? '';
    switch (operator) {
      case '=':
      case '==':
        return { key, operator: '=', values: [this.#value()] };
      case '!=':
        return { key, operator: '!=', values: [this.#value()] };
      case '>':
      case '<':
        return { key, operator, values: [this.#value()] };
      case 'in':
      case 'notin':
        return { key, operator, values: this.#set() };
      default:
        throw this.#unexpected(operator, 'in, notin, =, ==, !=, gt, lt');
    }
  }

  /** A value may be empty: `key=` and `key in (a,)` are valid. */
  #value(): string {
    const token = this.#peek();
    if (!isWord(token)) return '';
    this.#next += 1;
    return token;
  }

  #set(): string[] {
    const opening = this.#take();
    if (opening !== '(') throw this.#unexpected(opening ?? '', "'('");
    const values: string[] = [this.#value()];
    for (;;) {
      const token = this.#take();
      if (token === ')') return values;
      if (token !== ',') throw this.#unexpected(token ?? '', "',' or ')'");
      values.push(this.#value());
    }
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  #take(): string | undefined {
    const token = this.#tokens[this.#next];
    this.#next += 1;
    return token;
  }

  #unexpected(found: string, expected: string): Error {
    return badRequest(`unable to parse requirement: found '${found}', expected: ${expected}`);
  }
}

function satisfies(labels: Labels, { key, operator, values }: Requirement): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '=':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case '>':
    case '<': {
      const [left, right] = [Number.parseInt(value ?? '', 10), Number.parseInt(values[0] ?? '', 10)];
      return operator === '>' ? left > right : left < right;
    }
  }
}

/** Compiles a `labelSelector` query parameter; undefined when it selects everything. Throws 400 on bad syntax. */
export function parseLabelSelector(text: string): LabelMatcher | undefined {
  const requirements = new SelectorParser(text).parse();
  if (requirements.length === 0) return undefined;
  return (labels) => requirements.every((requirement) => satisfies(labels, requirement));
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

function requirementsOf(selector: JsonRecord): Requirement[] {
  const equalities = Object.entries(stringMapAt(selector, 'matchLabels')).map(
    ([key, value]): Requirement => ({ key, operator: '=', values: [value] }),
  );
  const expressions = recordsAt(selector, 'matchExpressions').map((expression): Requirement => {
    const values = expression.values;
    return {
      key: stringAt(expression, 'key'),
      operator: OPERATORS[stringAt(expression, 'operator')] ?? 'exists',
      values: Array.isArray(values) ? values.map(String) : [],
    };
  });
  return [...equalities, ...expressions];
}

/** Compiles a `LabelSelector` object; an absent selector matches nothing, an empty one everything. */
export function matcherOfLabelSelector(selector: unknown): LabelMatcher {
  if (!isRecord(selector)) return () => false;
  const requirements = requirementsOf(selector);
  return (labels) => requirements.every((requirement) => satisfies(labels, requirement));
}

/** A `LabelSelector` object in the notation of the query parameter, as Scale and tables show it. */
export function formatLabelSelector(selector: unknown): string {
  if (!isRecord(selector)) return '<none>';
  const texts = requirementsOf(selector).map(({ key, operator, values }) => {
    if (operator === 'exists') return key;
    if (operator === '!') return `!${key}`;
    return operator === '=' ? `${key}=${values[0]}` : `${key} ${operator} (${values.join(',')})`;
  });
  return texts.length === 0 ? '<none>' : texts.join(',');
}

const longestValue = 120;
const longestPath = 300;

const outsideNamespaces: ReadonlySet<string> = new Set([
  'Node',
  'Namespace',
  'PersistentVolume',
  'StorageClass',
  'CSINode',
  'CSIDriver',
  'VolumeAttachment',
]);

/** A field of a decoded object that does not hold what belongs there. Internal: `ProjectionError` is what callers see. */
export class FieldError extends Error {
  readonly path: string;
  readonly value: unknown;

  /** `problem` completes the sentence that begins with the path. */
  constructor(path: string, value: unknown, problem: string) {
    super(problem);
    this.name = 'FieldError';
    this.path = path;
    this.value = value;
  }

  static expected(path: string, value: unknown, what: string): FieldError {
    return new FieldError(path, value, `expected ${what}, found ${shown(value)}`);
  }
}

/**
 * An object from the API server that cannot be used. One line: kind, object, path of the bad field, and what is wrong
 * with its value. Meant to be reported and the object set aside, never to stop the others.
 */
export class ProjectionError extends Error {
  readonly kind: string;
  /** `namespace/name`, or the name alone for objects without namespace; `?` for what is unknown. */
  readonly object: string;
  readonly path: string;
  readonly value: unknown;

  constructor(
    kind: string,
    object: string,
    path: string,
    value: unknown,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${kind} ${object}: ${path.slice(0, longestPath)}: ${problem}`, options);
    this.name = 'ProjectionError';
    this.kind = kind;
    this.object = object;
    this.path = path;
    this.value = value;
  }
}

/** Turns what went wrong while projecting `raw` into a `ProjectionError`; what is not about the object is returned as is. */
export function projectionError(kind: string, raw: unknown, error: unknown): unknown {
  if (error instanceof FieldError) {
    return new ProjectionError(kind, objectName(kind, raw), error.path, error.value, error.message, {
      cause: error,
    });
  }
  // Decoding JSON does not recurse, writing it does: a nesting that overflows the stack is the object's fault.
  if (error instanceof RangeError) {
    return new ProjectionError(kind, objectName(kind, raw), '.', undefined, 'nested too deeply', {
      cause: error,
    });
  }
  return error;
}

/** A value for a message: JSON, shortened, on one line. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function objectName(kind: string, raw: unknown): string {
  const metadata = (raw as { metadata?: { namespace?: unknown; name?: unknown } } | null | undefined)
    ?.metadata;
  const name = namePart(metadata?.name);
  return outsideNamespaces.has(kind) ? name : `${namePart(metadata?.namespace)}/${name}`;
}

function namePart(value: unknown): string {
  if (typeof value !== 'string' || value === '') return '?';
  return JSON.stringify(value.slice(0, 253)).slice(1, -1);
}

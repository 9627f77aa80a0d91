import { type FieldPath, type FieldProblem, formatPath, formatProblem } from './field-problem.js';
import type { Position, YamlSource } from './yaml-source.js';

/** A place in a file that was read. */
export interface Place extends Position {
  readonly file: string;
}

/** A problem with the place where it is to be corrected. */
export interface PlacedProblem extends FieldProblem {
  /** What kind of trouble it is: it decides which error is shown. */
  readonly kind: 'unreadable' | 'syntax' | 'version' | 'field' | 'flag' | 'default-lease';
  /** `undefined` when a flag is to blame. Line and column are 1 when the file could not be read. */
  readonly place: Place | undefined;
}

/** A warning with the place that it is about. */
export interface PlacedWarning {
  readonly place: Place | undefined;
  readonly path: FieldPath;
  readonly text: string;
}

/** A file that was read: how to say where in it something stands. */
export interface FileLocation {
  readonly path: string;
  readonly source: YamlSource;
}

/** The nearest place the file has: a missing field is to be added where its parent stands. */
export function placeOf(path: FieldPath, location: FileLocation | undefined): Place | undefined {
  if (location === undefined) {
    return undefined;
  }
  for (let length = path.length; length > 0; length--) {
    const position = location.source.positionOf(path.slice(0, length));
    if (position !== undefined) {
      return { file: location.path, ...position };
    }
  }
  return { file: location.path, line: 1, column: 1 };
}

/** `config.yaml:7:5` */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** `config.yaml:7:5: profiles[0].pluginz: unknown field; did you mean "plugins"?` */
export function formatPlacedProblem({ place, ...problem }: PlacedProblem): string {
  const line = formatProblem(problem);
  return place === undefined ? line : `${formatPlace(place)}: ${line}`;
}

/** As `formatPlacedProblem`. */
export function formatWarning({ place, path, text }: PlacedWarning): string {
  const field = formatPath(path);
  const line = field === '' ? text : `${field}: ${text}`;
  return place === undefined ? line : `${formatPlace(place)}: ${line}`;
}

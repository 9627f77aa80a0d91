import { z } from 'zod';
import { type FieldPath, formatPath } from './field-problem.js';
import { fieldsAt, schemaAt, unwrapped } from './schema-walk.js';

/** Fields that files had once, and what took their place. */
export const droppedFields: Readonly<Record<string, string | undefined>> = {
  healthzBindAddress: 'use --bind-address and --secure-port',
  metricsBindAddress: 'use --bind-address and --secure-port',
};

/**
 * Where a field belongs that stands in the wrong place, mostly for being indented too little or too much: beneath a neighbour, or beside
 * what it stands in. `undefined` for a field that neither knows.
 * @param path of the container that the field was found in
 * @param container as the file has it
 */
export function adviceOnMisplaced(
  schema: z.ZodType,
  path: FieldPath,
  key: string,
  container: unknown,
): string | undefined {
  const neighbours = fieldsAt(schema, path).filter((name) =>
    fieldsIn(schemaAt(schema, [...path, name])).includes(key),
  );
  // One that was left empty is where it was meant to be.
  const empty = neighbours.filter((name) => isEmptyIn(container, name));
  const [meant, another] = empty.length > 0 ? empty : neighbours;
  if (meant !== undefined && another === undefined) {
    const isList = unwrapped(schemaAt(schema, [...path, meant])) instanceof z.ZodArray;
    return isList ? `it belongs into an item of ${meant}` : `it belongs to ${meant}: indent it further`;
  }
  for (let length = path.length - 1; length >= 0; length--) {
    const outer = path.slice(0, length);
    if (!fieldsAt(schema, outer).includes(key)) continue;
    return `it belongs ${length === 0 ? 'to the top of the file' : `to ${formatPath(outer)}`}: indent it less`;
  }
  return undefined;
}

/** The fields of a mapping, or of the items of a list. */
function fieldsIn(schema: unknown): readonly string[] {
  const type = unwrapped(schema);
  return fieldsAt(type instanceof z.ZodArray ? type.element : type, []);
}

function isEmptyIn(container: unknown, name: string): boolean {
  return (
    typeof container === 'object' &&
    container !== null &&
    (container as Record<string, unknown>)[name] === null
  );
}

import { z } from 'zod';
import type { FieldPath } from './field-problem.js';
import { durationKind } from './field-types.js';

/** A schema without the wrappers that make it optional. */
export function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap()) : schema;
}

/** The schema of the field at a path; `undefined` where the path leaves what the schema describes. */
export function schemaAt(schema: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((current, part) => {
    const container = unwrapped(current);
    if (container instanceof z.ZodObject) return (container.shape as Record<string, unknown>)[part];
    if (container instanceof z.ZodArray) return container.element;
    return container instanceof z.ZodRecord ? container.valueType : undefined;
  }, schema);
}

/** The fields that the schema knows at a path. */
export function fieldsAt(schema: unknown, path: FieldPath): string[] {
  const container = unwrapped(schemaAt(schema, path));
  return container instanceof z.ZodObject ? Object.keys(container.shape) : [];
}

/** What stands for "not given" where something has to stand: an item of a list. */
export function emptyOf(schema: unknown): unknown {
  const type = unwrapped(schema);
  if (type instanceof z.ZodString) return '';
  if (type instanceof z.ZodObject) return {};
  return type instanceof z.ZodArray ? [] : undefined;
}

/**
 * Data in which a field set to null is a field not given, as for kube-scheduler: left out, or empty where it is the
 * item of a list. Only durations stay null, because kube-scheduler refuses that; and what the schema does not describe.
 */
export function withoutNulls(schema: unknown, data: unknown): unknown {
  const type = unwrapped(schema);
  if (type instanceof z.ZodArray && Array.isArray(data)) {
    return data.map((item) => (item === null ? emptyOf(type.element) : withoutNulls(type.element, item)));
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return data;
  }
  const fieldType = (key: string): unknown => {
    if (type instanceof z.ZodObject) return (type.shape as Record<string, unknown>)[key];
    return type instanceof z.ZodRecord ? type.valueType : undefined;
  };
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) => {
      const field = fieldType(key);
      if (value !== null) return [[key, field === undefined ? value : withoutNulls(field, value)]];
      const stays = field === undefined || durationKind(unwrapped(field)) === 'strict';
      if (type instanceof z.ZodRecord) return [[key, emptyOf(field)]];
      return stays ? [[key, value]] : [];
    }),
  );
}

import { projectionError } from './projection-error.js';
import { optionalObject, quantity, type RawObject, requiredObject, requiredText, text } from './raw-field.js';

export interface ProjectedIdentity {
  readonly uid: string;
  readonly name: string;
  readonly resourceVersion: string;
}

/**
 * Makes a function that turns decoded objects of one kind into slim ones; nothing of the decoded object is held. Unknown fields are
 * ignored and null counts as absent; what has the wrong type throws `ProjectionError`, and nothing else is ever thrown for an object.
 */
export function objectProjector<T>(
  kind: string,
  project: (raw: RawObject, metadata: RawObject) => T,
): (raw: unknown) => T {
  return (raw) => {
    try {
      const object = requiredObject(raw, '.');
      return project(object, requiredObject(object.metadata, 'metadata'));
    } catch (error) {
      throw projectionError(kind, raw, error);
    }
  };
}

export function identity(metadata: RawObject): ProjectedIdentity {
  return {
    uid: text(metadata.uid, 'metadata.uid'),
    name: requiredText(metadata.name, 'metadata.name'),
    resourceVersion: text(metadata.resourceVersion, 'metadata.resourceVersion'),
  };
}

export function namespacedIdentity(metadata: RawObject): ProjectedIdentity & { readonly namespace: string } {
  return { ...identity(metadata), namespace: requiredText(metadata.namespace, 'metadata.namespace') };
}

/** Whole bytes of a storage quantity, rounded up; undefined when there is none. */
export function bytes(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  return Math.ceil(quantity('storage', value, path));
}

/** undefined when the object lacks the annotation. */
export function annotation(metadata: RawObject, name: string): string | undefined {
  const value = optionalObject(metadata.annotations, 'metadata.annotations')?.[name];
  if (value === undefined || value === null) return undefined;
  return text(value, `metadata.annotations["${name}"]`);
}

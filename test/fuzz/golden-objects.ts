import { join } from 'node:path';
import { objectKinds } from '../../src/scheduler/object-kinds.js';
import { listGoldenFiles, readGoldenFile } from '../conformance/golden-file.js';
import { projectRoot } from '../controlplane/project-root.js';
import type { Json } from './json-place.js';

/** Objects that belong together, as an API server stored them, by kind. Only kinds that a scheduler watches. */
export type Material = ReadonlyMap<string, readonly Json[]>;

const watched = new Set(['Pod', 'Node', ...objectKinds.map(({ kind }) => kind)]);

/** The clusters of the golden decisions: realistic objects that refer to each other. */
export function goldenMaterial(folder = join(projectRoot(), 'test/conformance/golden')): Material[] {
  return listGoldenFiles([folder]).map((path) => {
    const { objects, pending } = readGoldenFile(path).case;
    const byKind = new Map<string, Json[]>();
    for (const object of [...objects, ...pending] as Json[]) {
      const kind = String(object.kind);
      if (!watched.has(kind)) continue;
      const others = byKind.get(kind);
      if (others === undefined) byKind.set(kind, [object]);
      else others.push(object);
    }
    return byKind;
  });
}

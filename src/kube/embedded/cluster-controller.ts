import type { ResourceApi } from './resource-api.js';
import type { ResourceKind } from './resource-kind.js';
import { StatusError } from './status-error.js';

/** Something that acts on the cluster as long as it runs. */
export interface ClusterController {
  stop(): void;
}

export interface ControllerOptions {
  readonly api: ResourceApi;
  /** Told of failures that are none of the cluster's own: conflicts and vanished objects are not. */
  readonly onError: (error: unknown) => void;
}

/** A kind the controllers themselves rely on. */
export function kindOf(api: ResourceApi, apiVersion: string, plural: string): ResourceKind {
  const kind = api.registry.byPath(apiVersion, plural);
  if (kind === undefined) throw new Error(`the registry lacks ${apiVersion} ${plural}`);
  return kind;
}

/** Runs a write that may lose against somebody else's; anything but that is passed on. */
export function ignoreVanished(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof StatusError && (error.code === 404 || error.code === 409))) throw error;
  }
}

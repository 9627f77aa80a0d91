// biome-ignore lint/suspicious/noExplicitAny: manifests are put together and taken apart here as JSON, without types.
export type Loose = any;

/** Any API object, as JSON. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: Loose;
}

export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [field: string]: Loose;
}

/** The `case` half of a golden file. */
export interface OracleCase {
  name: string;
  seed: number;
  profile: string;
  config?: Loose;
  objects: Manifest[];
  pending: Manifest[];
}

/** What the oracle program reads. */
export interface Question {
  readonly case: OracleCase;
  /** The objects are manifests yet: set defaults and drop what an API server would refuse. */
  readonly admit: boolean;
}

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/* The format of golden files: golden/README.md. Only what is compared is typed. */

export interface GoldenFile {
  readonly path: string;
  readonly case: GoldenCase;
  readonly verdict: GoldenVerdict;
}

export interface GoldenCase {
  readonly name: string;
  readonly profile: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly objects: readonly RawObject[];
  readonly pending: readonly RawObject[];
}

export interface RawObject {
  readonly kind?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

export interface GoldenVerdict {
  readonly profiles: Readonly<Record<string, Readonly<Record<string, readonly (string | GoldenWeight)[]>>>>;
  readonly nodes: Readonly<Record<string, GoldenNode>>;
  readonly pods: readonly GoldenPod[];
}

export interface GoldenWeight {
  readonly name: string;
  readonly weight: number;
}

export interface GoldenAmounts {
  readonly milliCPU: number;
  readonly memory: number;
  readonly ephemeralStorage: number;
  readonly scalar?: Readonly<Record<string, number>>;
}

export interface GoldenNode {
  readonly pods: number;
  readonly allowedPods: number;
  readonly allocatable: GoldenAmounts;
  readonly requested: GoldenAmounts;
  readonly nonZeroMilliCPU: number;
  readonly nonZeroMemory: number;
}

export interface GoldenStatus {
  /** Absent when the framework itself refused. */
  readonly plugin?: string;
  readonly code: string;
  readonly reasons: readonly string[];
}

export interface GoldenScores {
  readonly skipped?: readonly string[];
  readonly plugins: readonly string[];
  readonly nodes: Readonly<Record<string, GoldenNodeScores>>;
}

export interface GoldenNodeScores {
  readonly raw: readonly number[];
  readonly norm: readonly number[];
  readonly weighted: readonly number[];
  readonly total: number;
}

export interface GoldenCandidate {
  readonly node: string;
  /** `namespace/name`, from the most to the least important. */
  readonly victims: readonly string[];
  readonly pdbViolations: number;
}

export interface GoldenPostFilter {
  readonly code: string;
  readonly message?: string;
  readonly eligible?: boolean;
  readonly candidates?: readonly GoldenCandidate[];
  readonly nodeStatuses?: Readonly<Record<string, GoldenStatus>>;
  readonly best?: readonly string[];
  readonly clearNominatedNode?: boolean;
}

export interface GoldenPod {
  readonly pod: string;
  readonly profile: string;
  readonly requests: GoldenAmounts & { readonly nonZeroMilliCPU: number; readonly nonZeroMemory: number };
  readonly result: string;
  readonly preEnqueue?: GoldenStatus;
  readonly preFilter?: GoldenStatus;
  readonly nodeNames?: readonly string[];
  readonly narrowedBy?: readonly string[];
  readonly skipFilter?: readonly string[];
  readonly nominatedOnly?: boolean;
  readonly rejected?: Readonly<Record<string, GoldenStatus>>;
  readonly feasible?: readonly string[];
  readonly scores?: GoldenScores;
  readonly best?: readonly string[];
  readonly fitMessage?: string;
  readonly unschedulablePlugins?: readonly string[];
  readonly postFilter?: GoldenPostFilter;
  readonly message?: string;
}

/** A file or folder that cannot be judged; the message is for people. */
export class UnreadableGolden extends Error {}

/** Paths of golden files: the given ones, and those in given folders, sorted. */
export function listGoldenFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw new UnreadableGolden(`${path}: no such file or folder`);
    if (!stat.isDirectory()) return [path];
    const found = readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json') || name.endsWith('.json.gz'))
      .map((name) => join(path, name))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    if (found.length === 0) throw new UnreadableGolden(`${path}: no .json or .json.gz file in this folder`);
    return found;
  });
}

export function readGoldenFile(path: string): GoldenFile {
  const parsed = parse(path);
  const { case: given, verdict } = (parsed ?? {}) as Partial<GoldenFile>;
  const shape: readonly (readonly [what: string, fits: boolean])[] = [
    ['case.objects (a list)', Array.isArray(given?.objects)],
    ['case.pending (a list)', Array.isArray(given?.pending)],
    ['verdict.profiles (an object)', isObject(verdict?.profiles)],
    ['verdict.nodes (an object)', isObject(verdict?.nodes)],
    ['verdict.pods (a list)', Array.isArray(verdict?.pods)],
    ['as many verdict.pods as case.pending', verdict?.pods?.length === given?.pending?.length],
  ];
  const lacking = shape.find(([, fits]) => !fits);
  if (lacking !== undefined) throw new UnreadableGolden(`${path}: not a golden file: it lacks ${lacking[0]}`);
  const profile = given?.profile ?? 'unnamed';
  return { path, case: { ...given!, profile }, verdict: verdict! };
}

function parse(path: string): unknown {
  try {
    const bytes = readFileSync(path);
    return JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
  } catch (error) {
    throw new UnreadableGolden(
      `${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

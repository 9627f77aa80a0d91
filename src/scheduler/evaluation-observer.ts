import type { StatusCode } from '../framework/status.js';

export type EvaluationPoint = 'PreFilter' | 'Filter' | 'PostFilter' | 'PreScore' | 'Score';

/** Measures an evaluation. Absent functions cost nothing, so that plugins can be timed in a sample of the attempts. */
export interface EvaluationObserver {
  /** A clock that only moves forward, in seconds. */
  seconds(): number;
  /** All plugins of an extension point together. */
  onPoint?(point: EvaluationPoint, status: StatusCode, seconds: number): void;
  /** A plugin is asked at a point; said before `onPlugin`, and without measuring anything. */
  asked?(plugin: string, point: EvaluationPoint): void;
  /** One plugin over all nodes that it judged. */
  onPlugin?(plugin: string, point: EvaluationPoint, status: StatusCode, seconds: number): void;
}

/** Times one extension point; a throw is recorded as `Error`. */
export function timedPoint<T>(
  observer: EvaluationObserver | undefined,
  point: EvaluationPoint,
  run: () => T,
  statusOf: (result: T) => StatusCode = succeeded,
): T {
  if (observer?.onPoint === undefined) return run();
  const started = observer.seconds();
  let status: StatusCode = 'Error';
  try {
    const result = run();
    status = statusOf(result);
    return result;
  } finally {
    observer.onPoint(point, status, observer.seconds() - started);
  }
}

/** Times one plugin; a throw is recorded as `Error`. */
export function timedPlugin<T>(
  observer: EvaluationObserver | undefined,
  plugin: string,
  point: EvaluationPoint,
  run: () => T,
  statusOf: (result: T) => StatusCode = succeeded,
): T {
  observer?.asked?.(plugin, point);
  if (observer?.onPlugin === undefined) return run();
  const started = observer.seconds();
  let status: StatusCode = 'Error';
  try {
    const result = run();
    status = statusOf(result);
    return result;
  } finally {
    observer.onPlugin(plugin, point, status, observer.seconds() - started);
  }
}

function succeeded(): StatusCode {
  return 'Success';
}

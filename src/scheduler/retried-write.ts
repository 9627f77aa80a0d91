import type { Clock } from '../clock.js';
import { ApiError } from '../kube/api-error.js';
import type { WriteFence } from '../kube/write-fence.js';
import { asApiError } from './as-api-error.js';

/** Tries and pauses are those of kube-scheduler's status patches. */
const maxTries = 4;
const firstRetryMs = 10;
const retryGrowth = 5;

/**
 * Sends a write that may be repeated without harm until the API server takes it, some times at most. Resolves to the last error, to
 * one with failure `aborted` when this process may not write any more, or to undefined.
 */
export async function retriedWrite(
  send: () => Promise<void>,
  { clock, fence }: { readonly clock: Clock; readonly fence: WriteFence },
): Promise<ApiError | undefined> {
  for (let tries = 1; ; tries++) {
    if (!fence.mayWrite()) return new ApiError('this process may not write any more', { failure: 'aborted' });
    try {
      await send();
      return undefined;
    } catch (thrown) {
      const error = asApiError(thrown);
      // A conflict is the UID precondition: another object has the name.
      const mayHelp =
        error.code === 500 || error.code === 503 || error.failure === 'unreachable' || error.isAmbiguous;
      if (!mayHelp || tries >= maxTries) return error;
      await clock.sleep(firstRetryMs * retryGrowth ** (tries - 1));
    }
  }
}

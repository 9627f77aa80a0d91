import type { EffectiveConfiguration } from '../../config/scheduler-configuration.js';
import { describeError } from '../../errors.js';
import type { AccessSubject } from '../../kube/access-review.js';
import type { ApiTransport } from '../../kube/transport.js';
import type { EnabledParts } from '../needed-access.js';
import { type Finding, fail } from './finding.js';

/** What the checks of a cluster work with. */
export interface Examination {
  readonly transport: ApiTransport;
  readonly configuration: EffectiveConfiguration;
  readonly parts: EnabledParts;
  /** Whose rights are asked about; undefined for those of the user who runs the doctor. */
  readonly subject: AccessSubject | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Looks at one thing; rejections mean that it could not be looked at. */
export type Check = (examination: Examination) => Promise<readonly Finding[]>;

/** A check that could not be made is one that failed: nothing is said to be well that was not seen. */
export async function findingsOf(
  name: string,
  check: Check,
  examination: Examination,
): Promise<readonly Finding[]> {
  try {
    return await check(examination);
  } catch (error) {
    const { line, hint } = describeError(error);
    return [fail(name, line, hint)];
  }
}

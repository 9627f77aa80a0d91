import type { ClassifiedRequest } from './request-class.js';

/** One request of a client, as the proxy saw it come and as the API server answered it. Times are milliseconds of one clock. */
export interface RequestRecord extends ClassifiedRequest {
  /** Which process sent it: counts up with each start. */
  readonly generation: number;
  readonly method: string;
  readonly userAgent: string;
  /** When it came. */
  readonly at: number;
  /** When nothing more was to come. */
  endedAt: number | undefined;
  /** What the API server itself answered; 0 when it was not asked or did not answer. */
  code: number;
  /** What was done to it. */
  fault: string | undefined;
  /** The node that a binding names. */
  readonly target: string;
  /** The UID that a binding names. */
  readonly uid: string;
  /** Who a lease that is written is to name. */
  readonly holder: string;
}

interface WrittenFields {
  readonly target: string;
  readonly uid: string;
  readonly holder: string;
}

/** What audits want to know of a request's body. */
export function writtenFields(request: ClassifiedRequest, body: Buffer): WrittenFields {
  if (body.length === 0 || (request.class !== 'bind' && request.class !== 'lease'))
    return { target: '', uid: '', holder: '' };
  try {
    const decoded = JSON.parse(body.toString('utf8')) as {
      metadata?: { uid?: string };
      target?: { name?: string };
      spec?: { holderIdentity?: string };
    };
    return {
      target: decoded.target?.name ?? '',
      uid: decoded.metadata?.uid ?? '',
      holder: decoded.spec?.holderIdentity ?? '',
    };
  } catch {
    return { target: '', uid: '', holder: '' };
  }
}

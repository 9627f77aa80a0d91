import type { ClassifiedRequest } from './request-class.js';
import { decodeBody, type WireBody } from './wire-format.js';

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
  /** Name of the object that an event is about; of its repetitions it is not told. */
  readonly about: string;
}

interface WrittenFields {
  readonly target: string;
  readonly uid: string;
  readonly holder: string;
  readonly about: string;
}

const nothing: WrittenFields = { target: '', uid: '', holder: '', about: '' };
const telling: ReadonlySet<string> = new Set(['bind', 'lease', 'event']);

/** What audits want to know of a request's body. */
export function writtenFields(request: ClassifiedRequest, body: WireBody): WrittenFields {
  if (body.bytes.length === 0 || !telling.has(request.class)) return nothing;
  try {
    const decoded = decodeBody(body) as {
      metadata?: { uid?: string };
      target?: { name?: string };
      spec?: { holderIdentity?: string };
      regarding?: { name?: string };
    };
    return {
      target: decoded.target?.name ?? '',
      uid: decoded.metadata?.uid ?? '',
      holder: decoded.spec?.holderIdentity ?? '',
      about: decoded.regarding?.name ?? '',
    };
  } catch {
    return nothing;
  }
}

import type { AuditEntry } from './berth-installation.js';

/** Times at which an API server was away or had just begun: it refuses what it cannot judge yet, whatever rights there are. */
export class Outages {
  readonly #times: { readonly from: number; readonly to: number }[] = [];

  /** Remembers how long the work took. */
  async during(work: () => Promise<void>): Promise<void> {
    const from = Date.now();
    await work();
    this.#times.push({ from, to: Date.now() });
  }

  /** Requests that were answered 403 at any other time, in words. */
  refused(requests: readonly AuditEntry[]): string[] {
    return requests
      .filter(({ responseStatus, stageTimestamp }) => {
        const at = Date.parse(stageTimestamp);
        return responseStatus?.code === 403 && !this.#times.some(({ from, to }) => from <= at && at <= to);
      })
      .map(({ verb, requestURI }) => `${verb} ${requestURI}`);
  }
}

import { failure, type Status } from '../framework/status.js';

/** A plugin broke down; ends the attempt. Thrown inside an evaluation only: outside it is an `Error` status. */
export class PluginFault extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.reasons.join(', '));
    this.name = 'PluginFault';
    this.status = status;
  }

  /** `describe` puts kube-scheduler's words around the failure's own text. */
  static of(plugin: string, describe: (text: string) => string, cause: unknown): PluginFault {
    const text = cause instanceof Error ? cause.message : String(cause);
    return new PluginFault({ ...failure(describe(text), cause), plugin });
  }
}

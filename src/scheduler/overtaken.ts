/** The cause of a status when another decided about the pod: there is nothing to tell its owner. */
export class Overtaken {
  /** The node it is bound to, `deletion`, or `another leader`. */
  readonly by: string;

  constructor(by: string) {
    this.by = by;
  }
}

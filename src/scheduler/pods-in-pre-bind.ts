interface PodInPreBind {
  readonly controller: AbortController;
  cancelledBecause: string | undefined;
}

/** Pods whose PreBind plugins are at work: they can still be called back without the API server knowing of it. */
export class PodsInPreBind {
  readonly #pods = new Map<string, PodInPreBind>();

  get size(): number {
    return this.#pods.size;
  }

  /** PreBind begins; the signal fires when the pod is called back. */
  enter(uid: string): AbortSignal {
    const pod = { controller: new AbortController(), cancelledBecause: undefined };
    this.#pods.set(uid, pod);
    return pod.controller.signal;
  }

  /** Calls a pod back; false when it is too late, or when PreBind has nothing to do with it. */
  cancel(uid: string, because: string): boolean {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return false;
    pod.cancelledBecause ??= because;
    pod.controller.abort(new Error(because));
    return true;
  }

  /** PreBind is over. From now on it is too late. Returns why the pod was called back, if it was. */
  leave(uid: string): string | undefined {
    const pod = this.#pods.get(uid);
    this.#pods.delete(uid);
    return pod?.cancelledBecause;
  }
}

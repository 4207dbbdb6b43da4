/** Tells those who wait that something has changed. */
export class Signal {
  #next = Promise.withResolvers<void>();

  /** Resolves at the next change. Ask for it before you read the state: a change in between is not missed. */
  changed(): Promise<void> {
    return this.#next.promise;
  }

  notify(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}

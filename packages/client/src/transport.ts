/** What a client stands on: something that carries an operation's name and input there and brings the answer back. */
export interface CallOptions {
  /**
   * Makes a repeated write answer as the first one did: at most 200 printable ASCII characters, a new one for each new
   * request. Without one, the client makes one for every write that needs it.
   */
  readonly idempotencyKey?: string | undefined
  /** `<regionId>:<fence>` of the leases that a write is made under; regions with a lock rule ask for it. See `withLock`. */
  readonly fences?: readonly string[] | undefined
  /** Give up when it aborts; the promise rejects with its reason. A write may have happened all the same. */
  readonly signal?: AbortSignal | undefined
}

export interface Transport {
  /** Answer with the operation's output, or reject with a CaliberError. */
  call(operation: string, input: unknown, options?: CallOptions): Promise<unknown>
}

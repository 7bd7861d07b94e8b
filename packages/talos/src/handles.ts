/** What users hold: each kind of node as the methods that make sense for it. */

export interface Readable<T> {
  /** Read the value, recording the read in the run in progress. Throws what the computation threw. */
  get(): T
  /** Read without recording. */
  peek(): T
  readonly id: string | undefined
}

export interface Input<T> extends Readable<T> {
  /** Set the value; equal values change nothing. @throws TalosError `write_in_derived`, `disposed` */
  set(value: T): void
  update(change: (value: T) => T): void
  /** Tell consumers that the value was mutated in place. */
  touch(): void
  /** Make every later use throw `disposed`. */
  dispose(): void
}

export interface Derived<T> extends Readable<T> {
  /** Run again on the next read, whatever the dependencies say. Also retries a cached error. */
  refresh(): void
  dispose(): void
}

export interface Writable<T> extends Derived<T> {
  set(value: T): void
  update(change: (value: T) => T): void
}

export interface NodeOptions<T> {
  /** Name in explanations, and identity in stores: unique there. */
  readonly id?: string
  /** When two values count as the same. Default `Object.is`. */
  readonly equals?: (left: T, right: T) => boolean
  /** Never persisted, logged or shown; dependents inherit the mark. */
  readonly secret?: boolean
  /** Keep in stores. Needs an `id`. */
  readonly persist?: boolean
}

export interface InputOptions<T> extends NodeOptions<T> {}

export interface DerivedOptions<T> extends NodeOptions<T> {
  /** Why the result may be shown although it reads secrets. */
  readonly declassify?: string
  /** Part of the identity of persisted results: change it with the code. */
  readonly version?: string | number
  /** Iterate from `initial` until the value is stable instead of failing on a cycle. */
  readonly cycle?: { readonly initial: T; readonly maxIterations?: number }
}

export interface EffectOptions {
  /** Decides when a due run happens; the first run is always immediate. */
  readonly schedule?: (run: () => void) => void
}

export interface Disposer extends Disposable {
  dispose(): void
  readonly disposed: boolean
}

export type Scope = Disposer

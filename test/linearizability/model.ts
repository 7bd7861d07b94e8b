import type { Operation } from './history.ts'

/**
 * What an object does when its calls come one after the other.
 *
 * Obligations: everything is a pure function; `step` answers for an output of undefined with the state after whatever
 * the object would have answered.
 */
export interface Model<State, Input, Output> {
  readonly initial: State
  /** Names the part of the object that an input concerns. Parts share nothing, so each is checked by itself. */
  partOf(input: Input): string
  /** The state after the operation, or undefined when its output is none that the object gives in this state. */
  step(state: State, operation: Operation<Input, Output>): State | undefined
  /** True only for what leaves every state in which it fits as it is. It saves search and never changes a verdict. */
  changesNothing(operation: Operation<Input, Output>): boolean
  /** Equal for equal states, different for different ones. */
  keyOf(state: State): string
}

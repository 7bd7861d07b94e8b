import type { History } from './history.ts'
import type { Model } from './model.ts'

/**
 * Try every order of a history: the definition of linearizability written down, for histories of a few operations.
 *
 * The oracle of the checker's own tests; it shares nothing with `check.ts`.
 */
export function someOrderFits<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): boolean {
  const parts = new Set(history.map(({ input }) => model.partOf(input)))
  return [...parts].every((part) =>
    fits(
      model,
      model.initial,
      history.filter(({ input }) => model.partOf(input) === part),
    ),
  )
}

function fits<State, Input, Output>(
  model: Model<State, Input, Output>,
  state: State,
  rest: History<Input, Output>,
): boolean {
  // What never returned need not have happened.
  if (rest.every(({ returnedAt }) => returnedAt === Number.POSITIVE_INFINITY)) return true
  return rest.some((operation) => {
    const others = rest.filter((other) => other !== operation)
    if (others.some(({ returnedAt }) => returnedAt < operation.calledAt)) return false
    const next = model.step(state, operation)
    return next !== undefined && fits(model, next, others)
  })
}

import { CaliberError } from '../domain/errors.ts'

/**
 * Take what a model answered as vectors of length 1, or refuse all of it.
 *
 * @throws CaliberError `unavailable` for another number of vectors or dimensions, or for what is no direction
 */
export function unitVectors(
  answer: readonly unknown[],
  expected: { readonly count: number; readonly dimensions: number; readonly model: string },
): readonly Float32Array[] {
  const { count, dimensions, model } = expected
  if (answer.length !== count) throw wrong(model, `gave ${answer.length} vectors for ${count} texts`)
  // Not `map`, which would pass over a place that was left empty.
  return Array.from(answer, (numbers) => {
    if (!isNumbers(numbers)) throw wrong(model, 'gave something that is no vector')
    if (numbers.length !== dimensions) {
      throw wrong(model, `gave ${numbers.length} dimensions where ${dimensions} are configured`)
    }
    let squares = 0
    for (const number of numbers) squares += number * number
    const length = Math.sqrt(squares)
    if (!Number.isFinite(length) || length === 0) throw wrong(model, 'gave a vector without a direction')
    return Float32Array.from(numbers, (number) => number / length)
  })
}

function isNumbers(value: unknown): value is readonly number[] {
  return (Array.isArray(value) && value.every((number) => typeof number === 'number')) || value instanceof Float32Array
}

function wrong(model: string, what: string): CaliberError {
  return new CaliberError('unavailable', `The embedding model ${model} ${what}. Check its name and its dimensions.`, {
    model,
  })
}

/** Refusals that a parser documents, told from crashes. */
import assert from 'node:assert/strict'

/** What no message to a caller may hold: a stack, a path of this machine, a library, SQL. */
const leaks = /\bat .+:\d+:\d+|node_modules|file:\/\/|FST_ERR|ZodError|\binsert into\b|caliber\.(note|turn)\b/

/**
 * Give what `act` returns, or nothing where it refuses with one of these codes.
 *
 * @throws what it threw when that is no refusal, or one that tells too much
 */
export function unlessRefused(codes, act) {
  try {
    return act()
  } catch (error) {
    assertRefusal(codes, error)
    return undefined
  }
}

export async function unlessRejected(codes, act) {
  try {
    return await act()
  } catch (error) {
    assertRefusal(codes, error)
    return undefined
  }
}

function assertRefusal(codes, error) {
  if (!(error instanceof Error) || !codes.includes(error.code)) throw error
  assert.ok(error.message.length < 10_000, 'a message is too long')
  assert.ok(error.message.isWellFormed(), 'a message is not valid Unicode')
  assert.doesNotMatch(error.message.replaceAll(/"[^"]*"/g, '""'), leaks)
}

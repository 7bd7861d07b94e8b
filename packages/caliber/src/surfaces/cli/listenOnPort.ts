import { CaliberError } from '../../domain/errors.ts'
import type { Owned } from '../../local/seat.ts'
import { usageError } from './exit.ts'

/** Where Caliber listens unless told otherwise. */
export const defaultPort = 7475
/** How many ports after the default one are tried. */
const portsTried = 20

/**
 * Listen on the port that was asked for, or on the first free one from the default on.
 *
 * @returns the URL
 * @throws CaliberError `conflict` where the port that was asked for, or every one that was tried, is taken
 */
export async function listenOnPort(
  { listen }: Pick<Owned, 'listen'>,
  host: string,
  asked: number | undefined,
): Promise<string> {
  if (asked !== undefined) {
    if (asked < 0 || asked > 65_535) throw usageError('--port is a number from 0 to 65535; 0 takes any free one.')
    return listen({ host, port: asked })
  }
  for (let port = defaultPort; ; port += 1) {
    try {
      return await listen({ host, port })
    } catch (error) {
      const isTaken = error instanceof CaliberError && error.code === 'conflict'
      if (!isTaken || port >= defaultPort + portsTried) throw error
    }
  }
}

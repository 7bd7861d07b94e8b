/** Programs that look at what a cut left, one directory after the other; one that hangs or dies is replaced. */
import path from 'node:path'
import { start } from './program.mjs'

/** Recovery takes a second or two; only an engine that never comes back from a damaged directory takes this long. */
const withinMs = 300_000

export function startLooker(program) {
  let running
  return {
    /** @returns what the program says, or `{ refused }` */
    async look({ directory, acknowledged }) {
      running ??= start(program, ['look'])
      const before = running.said.length
      running.tell({ directory: path.join(directory, 'memory'), acknowledged })
      const answer = running.hears((said) => running.said.indexOf(said) >= before)
      const found = await Promise.race([answer.catch(({ message }) => ({ refused: message })), late()])
      if (found.refused) await this.end()
      return found
    },
    async end() {
      await running?.kill()
      running = undefined
    },
  }
}

function late() {
  return new Promise((resolve) => {
    setTimeout(() => resolve({ refused: `no answer within ${withinMs} ms` }), withinMs).unref()
  })
}

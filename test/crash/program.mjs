/** A Node program that says one JSON object a line, and can be told and killed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Short lives compile the embedded engine anew: optimising it costs more than it gives. */
const engineWords = ['--liftoff-only']

/** @param file beside this one */
export function start(file, words, { nodeWords = [], environment = {} } = {}) {
  const place = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, [...engineWords, ...nodeWords, place, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...nameless(process.env), ...environment },
  })
  child.stdin.on('error', () => {})
  const said = []
  const waiting = new Set()
  createInterface(child.stdout).on('line', (line) => {
    said.push(JSON.parse(line))
    for (const look of waiting) look()
  })
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  return {
    said,
    ended,
    tell: (what) => child.stdin.write(`${JSON.stringify(what)}\n`),
    /** Wait until it has said something that fits. @throws Error when it ends first */
    hears(fits) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = said.find(fits)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
        void ended.then((end) => reject(new Error(`${file} ${words.join(' ')} ended with ${end}.`)))
      })
    },
    /** Let it read to the end of what it was told. */
    end() {
      child.stdin.end()
      return ended
    },
    kill() {
      child.kill('SIGKILL')
      return ended
    },
  }
}

/** Without what would name another memory than the one that is given. */
function nameless(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(CALIBER_|DATABASE_URL$)/.test(name)))
}

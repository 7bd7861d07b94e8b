/** The log of acknowledged batches, which outlives the program that writes it. */
import fs from 'node:fs'

/** @returns adds a key, through a descriptor of its own */
export function logTo(file) {
  const log = fs.openSync(file, 'a')
  // A kill may have cut the last line short: such a batch was not acknowledged.
  fs.writeSync(log, '\n')
  return (key) => fs.writeSync(log, `${key} ok\n`)
}

export function acknowledgedIn(file) {
  if (!fs.existsSync(file)) return []
  const lines = fs.readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line.endsWith(' ok')).map((line) => line.slice(0, -' ok'.length))
}

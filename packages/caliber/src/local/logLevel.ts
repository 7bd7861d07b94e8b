import { CaliberError } from '../domain/errors.ts'

const levels = ['error', 'warn', 'info'] as const

/** How much an owner logs to standard error, as CALIBER_LOG says. @throws CaliberError `invalid_input` */
export function logLevel(): (typeof levels)[number] {
  const said = process.env['CALIBER_LOG'] ?? 'error'
  const level = levels.find((name) => name === said)
  if (level) return level
  throw new CaliberError('invalid_input', `CALIBER_LOG is ${said.slice(0, 50)}. Set it to ${levels.join(', ')}.`)
}

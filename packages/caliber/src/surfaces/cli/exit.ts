/** How a command ends: what is said about a failure, and the exit code from the error table. */
import { CommanderError } from 'commander'
import { CaliberError, type ErrorCode, errorTable, isErrorCode } from '../../domain/errors.ts'
import type { Terminal } from './terminal.ts'
import { visible } from './visible.ts'

/** What programs read on standard error under `--json`, beside the exit code. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** Say what went wrong and choose the exit code. @param json one line of JSON instead of a sentence */
export function reportError(error: unknown, terminal: Terminal, json: boolean): number {
  if (error instanceof CommanderError && isHelp(error)) return error.exitCode === 0 ? 0 : errorTable.invalid_input.exit
  const failure = failureOf(error)
  reportFailure(failure, terminal, json)
  if (terminal.debug) terminal.err(`${withCauses(error)}\n`)
  return errorTable[failure.code].exit
}

/** Print one failure, without ending anything. @param about what it happened to, put in front for people */
export function reportFailure(failure: Failure, terminal: Terminal, json: boolean, about?: string): void {
  const { code, message, detail } = failure
  if (json) terminal.err(`${JSON.stringify({ error: { code, message, detail } })}\n`)
  else terminal.err(`caliber: ${about === undefined ? '' : `${visible(about)}: `}${visible(message)}\n`)
}

/** Make a {@link Failure} of anything that was thrown; what we do not know is a defect and says so. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError)
    return { code: 'invalid_input', message: usageMessage(error.message), detail: {} }
  // The client's error class is not ours, but its codes are the server's.
  if (error instanceof Error && 'code' in error && isErrorCode(error.code)) {
    return { code: error.code, message: error.message, detail: detailOf(error) }
  }
  const what = error instanceof Error ? error.message : String(error)
  return {
    code: 'internal',
    message: `Something failed that should not: ${what}. Set CALIBER_DEBUG=1 to see more, and please report it.`,
    detail: {},
  }
}

/** Refuse what was typed. */
export function usageError(message: string, detail: Record<string, unknown> = {}): CaliberError {
  return new CaliberError('invalid_input', message, detail)
}

function isHelp({ code }: CommanderError): boolean {
  return code === 'commander.helpDisplayed' || code === 'commander.help' || code === 'commander.version'
}

/** Commander: `error: unknown command 'serach'\n(Did you mean search?)`. Ours: one sentence after the other. */
function usageMessage(message: string): string {
  const [what = '', ...hints] = message.replace(/^error: /, '').split('\n')
  const sentence = what.slice(0, 1).toUpperCase() + what.slice(1)
  const ended = /[.?!]$/.test(sentence) ? sentence : `${sentence}.`
  return [ended, ...hints.map((hint) => hint.replace(/^\((.*)\)$/, '$1'))].join(' ')
}

function detailOf(error: object): Readonly<Record<string, unknown>> {
  const detail: unknown = 'detail' in error ? error.detail : undefined
  return typeof detail === 'object' && detail !== null ? { ...detail } : {}
}

function withCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined ? own : `${own}\ncaused by: ${withCauses(error.cause)}`
}

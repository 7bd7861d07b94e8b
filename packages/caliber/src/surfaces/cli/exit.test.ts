import { CaliberError as ClientError } from '@caliber/client'
import { expect, test } from 'vitest'
import { CaliberError, type ErrorCode, errorTable } from '../../domain/errors.ts'
import { reportError } from './exit.ts'
import { recordingTerminal } from './testing/recordingTerminal.ts'

test.each(Object.entries(errorTable))('%s ends with the exit code of the error table', (code, { exit }) => {
  for (const error of [new CaliberError(code as ErrorCode, 'Why.'), new ClientError(code, 'Why.')]) {
    const terminal = recordingTerminal()
    expect(reportError(error, terminal, false)).toBe(exit)
    expect(terminal.stderr()).toBe('caliber: Why.\n')
  }
})

test('an unknown error is a defect: exit code 1, its message, no stack', () => {
  const terminal = recordingTerminal()
  expect(reportError(new TypeError('x is not a function'), terminal, false)).toBe(1)
  expect(terminal.stderr()).toMatch(/^caliber: Something failed that should not: x is not a function\. .*\n$/)
})

test('a stack is shown to those who set CALIBER_DEBUG', () => {
  const terminal = { ...recordingTerminal(), debug: true }
  reportError(new CaliberError('internal', 'Why.', {}, new Error('deeper')), terminal, false)
  expect(terminal.stderr()).toContain('caused by: Error: deeper')
  expect(terminal.stderr()).toContain('exit.test.ts')
})

test('an error of a hostile server cannot steer the terminal', () => {
  const terminal = recordingTerminal()
  reportError(new ClientError('not_found', 'gone\u001b[2J'), terminal, false)
  expect(terminal.stderr()).toBe('caliber: gone\ufffd[2J\n')
})

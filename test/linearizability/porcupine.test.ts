/** The checker's verdicts against those that others reached on histories that others recorded. */
import { expect, test } from 'vitest'
import { check } from './check.ts'
import { keyValue } from './keyValue.ts'
import {
  porcupineHistories,
  porcupineIsHere,
  porcupineVerdicts,
  readKeyValueLog,
  readRegisterLog,
} from './porcupine.ts'
import { register } from './register.ts'

test.skipIf(!porcupineIsHere)('all 102 register histories of etcd get the verdict that porcupine records', () => {
  const verdicts = verdictsOf('jepsen', (text) => check(register, readRegisterLog(text)).verdict)

  expect(verdicts.length).toBe(102)
  expect(verdicts.filter(({ expected }) => expected === 'ok').length).toBe(23)
  expect(verdicts.filter(({ found, expected }) => found !== expected)).toEqual([])
})

test.skipIf(!porcupineIsHere)('all 6 key-value histories get theirs, up to 50 clients at once', () => {
  const verdicts = verdictsOf('kv', (text) => check(keyValue, readKeyValueLog(text)).verdict)

  expect(verdicts.length).toBe(6)
  expect(verdicts.filter(({ found, expected }) => found !== expected)).toEqual([])
})

test.skipIf(!porcupineIsHere)(
  'the verdicts come from the answers: one false read spoils a history that was sound',
  () => {
    const text = porcupineHistories().get('jepsen/etcd_005.log') ?? ''
    const history = readRegisterLog(text)
    const index = history.findIndex(({ input, output }) => input.kind === 'read' && typeof output === 'number')

    expect(check(register, history).verdict).toBe('ok')
    const spoilt = history.map((operation, i) => (i === index ? { ...operation, output: 99 } : operation))
    expect(check(register, spoilt)).toMatchObject({ verdict: 'illegal', blocked: { output: 99 } })
  },
)

function verdictsOf(kind: string, verdictOf: (text: string) => string) {
  const histories = porcupineHistories()
  return [...porcupineVerdicts()]
    .filter(([name]) => name.startsWith(`${kind}/`))
    .map(([name, linearizable]) => {
      const text = histories.get(name)
      if (text === undefined) throw new Error(`The archive lacks ${name}.`)
      return { name, found: verdictOf(text), expected: linearizable ? 'ok' : 'illegal' }
    })
}

/**
 * The labelled histories of the porcupine project, read from `../shared/data` where that exists: registers in the log
 * format of Jepsen, and key-value stores in its EDN.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { History, Operation } from './history.ts'
import type { KeyValueInput, KeyValueOutput } from './keyValue.ts'
import type { RegisterInput, RegisterOutput } from './register.ts'

const folder = fileURLToPath(new URL('../../../shared/data/security/porcupine/', import.meta.url))

/** Whether the data is on this machine. */
export const porcupineIsHere = existsSync(folder)

/** Whether each history is linearizable, by its name. */
export function porcupineVerdicts(): ReadonlyMap<string, boolean> {
  const { linearizable } = JSON.parse(readFileSync(`${folder}verdicts.json`, 'utf8')) as {
    linearizable: Record<string, boolean>
  }
  return new Map(Object.entries(linearizable))
}

/** The text of each history, by its name. */
export function porcupineHistories(): ReadonlyMap<string, string> {
  const files = [...untar(gunzipSync(readFileSync(`${folder}porcupine-test_data.tar.gz`)))]
  return new Map(files.map(([name, bytes]) => [name.replace(/^(\.\/)?test_data\//, ''), bytes.toString()]))
}

/** `INFO  jepsen.util - 3	:invoke	:cas	[1 4]`; a read that timed out changed nothing and says nothing. */
export function readRegisterLog(text: string): History<RegisterInput, RegisterOutput> {
  const lines = text.matchAll(/^INFO\s+jepsen\.util - (\d+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.*)$/gm)
  const calls = [...lines].map(([, process, type, verb, value]) => ({
    process: Number(process),
    isInvoke: type === 'invoke',
    input: registerInput(verb, numbersIn(value)),
    // After a timeout nobody knows; the process goes on under another number.
    isUnknown: type === 'info' || (type === 'fail' && value === ':timed-out'),
    output: verb === 'read' ? (numbersIn(value)[0] ?? null) : verb === 'cas' ? type === 'ok' : ('written' as const),
  }))
  return paired(calls)
}

/** `{:process 9, :type :invoke, :f :append, :key "0", :value "x 9 0 y"}` */
export function readKeyValueLog(text: string): History<KeyValueInput, KeyValueOutput> {
  const lines = text.matchAll(
    /\{:process (\d+), :type :(invoke|ok), :f :(get|put|append), :key "(.*?)", :value (?:nil|"(.*)")\}/g,
  )
  const calls = [...lines].map(([, process, type, kind, key = '', value = '']) => ({
    process: Number(process),
    isInvoke: type === 'invoke',
    input: keyValueInput(kind, key, value),
    isUnknown: false,
    output: kind === 'get' ? value : null,
  }))
  return paired(calls)
}

function registerInput(verb: string | undefined, [first = 0, second = 0]: readonly number[]): RegisterInput {
  if (verb === 'read') return { kind: 'read' }
  if (verb === 'write') return { kind: 'write', value: first }
  return { kind: 'compareAndSet', expected: first, value: second }
}

function keyValueInput(kind: string | undefined, key: string, value: string): KeyValueInput {
  if (kind === 'get') return { kind, key }
  return { kind: kind === 'put' ? 'put' : 'append', key, value }
}

function numbersIn(text = ''): number[] {
  return [...text.matchAll(/\d+/g)].map(Number)
}

interface Line<Input, Output> {
  readonly process: number
  readonly isInvoke: boolean
  readonly isUnknown: boolean
  readonly input: Input
  readonly output: Output
}

/** Line numbers are the clock. */
function paired<Input, Output>(lines: readonly Line<Input, Output>[]): History<Input, Output> {
  const open = new Map<number, { readonly calledAt: number; readonly input: Input }>()
  const done: Operation<Input, Output>[] = []
  for (const [at, { process, isInvoke, isUnknown, input, output }] of lines.entries()) {
    if (isInvoke) {
      open.set(process, { calledAt: at, input })
      continue
    }
    const call = open.get(process)
    if (!call) throw new Error(`Line ${at + 1} answers a call that process ${process} did not make.`)
    open.delete(process)
    done.push({ process, ...call, ...(isUnknown ? unanswered : { output, returnedAt: at }) })
  }
  for (const [process, call] of open) done.push({ process, ...call, ...unanswered })
  return done
}

const unanswered = { output: undefined, returnedAt: Number.POSITIVE_INFINITY }

/** The files of a tar archive (POSIX ustar): a header of 512 octets each, the content padded to as many. */
function* untar(archive: Buffer): Generator<readonly [string, Buffer]> {
  for (let at = 0; at < archive.length && archive[at] !== 0; ) {
    const field = (from: number, length: number) =>
      archive.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '')
    const sizeBytes = Number.parseInt(field(124, 12), 8)
    const content = at + 512
    if (/^0?$/.test(field(156, 1))) yield [field(0, 100), archive.subarray(content, content + sizeBytes)]
    at = content + Math.ceil(sizeBytes / 512) * 512
  }
}

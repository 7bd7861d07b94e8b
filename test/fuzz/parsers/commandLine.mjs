/** What is typed: words of a command line, values of options, JSON given as input. */
import assert from 'node:assert/strict'
import { built, loadBuilt } from '../built.mjs'
import { unlessRefused, unlessRejected } from '../refusal.mjs'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
/** Commands that open files, ports or databases; an operation command does nothing but call the memory it is given. */
const actsByItself = /^(up|import|mcp|doctor|migrate|@.*)$/

/** A line is a word. The whole program, over a memory that refuses everything: known exit codes, never a defect. */
const commandLine = {
  name: 'command-line',
  guides: [
    'globalOptions',
    'operationFields',
    'operationCommands',
    'readInput',
    'exit',
    'program',
    'searchCommand',
  ].map((name) => built(`surfaces/cli/${name}.js`)),
  seeds: [
    `note\nget\n${id}`,
    'search\nrate limit\n--json',
    'note\nlist\n--limit\n20\n--status\nany',
    'context\nq\n--budget\n800',
  ].concat([
    'note\nrecord\n--input\n{"content":"x"}\n--idempotency-key\nk',
    '--tier\nnative\nnote\nlist',
    '--help',
    'turn\nappend\n--turns\n[]',
  ]),
  dictionary: [
    '\n',
    '--',
    '--json',
    '--input',
    '--limit',
    '--tier',
    '--url',
    '--data-dir',
    '--database-url',
    '-q',
    '-h',
    '-V',
    '=',
  ].concat([
    'embedded',
    'note',
    'turn',
    'scope',
    'list',
    'get',
    'record',
    'verify',
    '--no-',
    '0x10',
    '1e3',
    '{"limit":1}',
    id,
  ]),
  maxBytes: 300,
  async load() {
    const { runCommand } = await loadBuilt('surfaces/cli/program.js')
    const { errorTable, CaliberError } = await loadBuilt('domain/errors.js')
    const exits = new Set([0, ...Object.values(errorTable).map(({ exit }) => exit)])
    const connect = async () => ({
      transport: {
        async call() {
          throw new CaliberError('not_found', 'There is nothing here.')
        },
      },
      close: async () => {},
    })
    return async (input) => {
      const words = input.toString().split('\n')
      if (words.some((word) => actsByItself.test(word) || word.includes('@'))) return
      let said = ''
      const say = (text) => void (said += text)
      const terminal = { out: say, err: say, stdin: nothing(), width: 80, style: (_, text) => text, debug: false }
      const exit = await runCommand(words, { ...terminal, outIsTerminal: false, errIsTerminal: false }, connect)
      assert.ok(exits.has(exit), `exit code ${exit}`)
      assert.doesNotMatch(said, /Something failed that should not/)
    }
  },
}

/** The value of an option, as each kind of field reads it. */
const optionValue = {
  name: 'option-value',
  guides: [built('surfaces/cli/operationFields.js')],
  seeds: ['12', '-0.5', '{"a":[1]}', '2026-05-01'],
  dictionary: ['0x', '1e', 'Infinity', ' ', '\n', '9007199254740993', '[', ']', '"', '_'],
  maxBytes: 100,
  async load() {
    const { parseField } = await loadBuilt('surfaces/cli/operationFields.js')
    const read = (kind, text) =>
      unlessRefused(['commander.invalidArgument'], () => ({ value: parseField({ kind }, text) }))
    return (input) => {
      const text = input.toString()
      const integer = read('integer', text)
      if (integer) assert.ok(Number.isSafeInteger(integer.value))
      const number = read('number', text)
      if (number) assert.ok(Number.isFinite(number.value))
      const json = read('json', text)
      if (json) assert.deepEqual(json.value, JSON.parse(text))
      assert.equal(read('text', text).value, text)
    }
  },
}

/** `--input` with the JSON as it stands. */
const givenInput = {
  name: 'given-input',
  guides: [built('surfaces/cli/readInput.js')],
  seeds: ['{"content":"x"}', '[]', '{"__proto__":{"a":1}}'],
  dictionary: ['{', '}', '"', '__proto__', 'null', '\ufeff', ' '],
  shape: 'json',
  async load() {
    const { readInput } = await loadBuilt('surfaces/cli/readInput.js')
    return async (input) => {
      const text = input.toString()
      if (text.startsWith('@')) return
      const given = text === '-' ? ' -' : text
      const fields = await unlessRejected(['invalid_input'], () => readInput(given, { stdin: nothing() }))
      if (fields === undefined) return
      assert.equal(Object.getPrototypeOf(fields), Object.prototype)
      assert.deepEqual(fields, JSON.parse(text))
    }
  },
}

export const commandLineParsers = [commandLine, optionValue, givenInput]

async function* nothing() {}

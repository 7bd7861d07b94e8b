/** JSONTestSuite against everything that reads JSON: what must be accepted is, what must be rejected is, nothing overflows. */
import { expect, test } from 'vitest'
import { parseOwner } from '../../packages/caliber/src/db/directory/owner.ts'
import { CaliberError } from '../../packages/caliber/src/domain/errors.ts'
import { readJson } from '../../packages/caliber/src/domain/transcript/json.ts'
import { parseCredential } from '../../packages/caliber/src/local/credential.ts'
import { parseField } from '../../packages/caliber/src/surfaces/cli/operationFields.ts'
import { readInput } from '../../packages/caliber/src/surfaces/cli/readInput.ts'
import { recordingTerminal } from '../../packages/caliber/src/surfaces/cli/testing/recordingTerminal.ts'
import { echoApp } from '../../packages/caliber/src/surfaces/http/testing/echoApp.ts'
import { StdioLines } from '../../packages/caliber/src/surfaces/mcp/stdioLines.ts'
import { readAnswer } from '../../packages/client/src/response.ts'
import { hasSecurityData, jsonTestSuite } from './securityData.ts'

/** Whether a document was read as JSON; undefined where this reader cannot be asked. */
type Reader = (bytes: Uint8Array<ArrayBuffer>) => Promise<boolean | undefined>

const readers: Readonly<Record<string, Reader>> = {
  'the body of a request': async (bytes) => {
    const payload = Buffer.from(bytes)
    const reply = await echoApp().inject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/json' },
      payload,
    })
    // An empty body is none, and no JSON either.
    return reply.statusCode === 200 && bytes.length > 0
  },
  'a line of a transcript': async (bytes) => readJson(textOf(bytes)).kind === 'value',
  'a line of MCP': async (bytes) => {
    // A document of several lines is several messages here.
    if (bytes.includes(0x0a)) return undefined
    const codes: number[] = []
    const lines = new StdioLines(1_000_000, (_, code) => void codes.push(code))
    lines.end(Buffer.concat([bytes, Buffer.of(0x0a)]))
    const passed = await lines.toArray()
    // Any JSON but a message is an invalid request; what is no JSON is a parse error, and blank lines are nothing.
    return passed.length > 0 || codes.includes(-32_600)
  },
  'the answer of a server': async (bytes) => {
    try {
      await readAnswer(new Response(bytes))
      return true
    } catch (error) {
      expect(error).toMatchObject({ name: 'CaliberError', code: 'unavailable' })
      return false
    }
  },
  '--input': async (bytes) => {
    const terminal = { ...recordingTerminal(), stdin: one(bytes) }
    const error = await readInput('-', terminal).catch((thrown: unknown) => thrown)
    if (!(error instanceof Error)) return true
    expect(error).toBeInstanceOf(CaliberError)
    return !error.message.includes('not valid JSON')
  },
  'the value of an option': async (bytes) => {
    try {
      parseField(
        { name: 'x', flag: '--x', kind: 'json', positional: false, required: false, choices: [], description: '' },
        textOf(bytes),
      )
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 'commander.invalidArgument' })
      return false
    }
  },
}

test.skipIf(!hasSecurityData).each(Object.entries(readers))('%s is read as JSONTestSuite says', async (_, takes) => {
  const wrong: string[] = []
  let asked = 0
  for (const { name, bytes } of jsonTestSuite()) {
    const taken = await takes(bytes)
    if (taken === undefined) continue
    asked += 1
    if (name.startsWith('y_') && !taken) wrong.push(`${name} was rejected`)
    if (name.startsWith('n_') && taken) wrong.push(`${name} was accepted`)
  }
  expect(wrong).toEqual([])
  expect(asked).toBeGreaterThan(290)
})

test.skipIf(!hasSecurityData)(
  'the files of a data directory are none where they are no JSON, and none of these is one',
  () => {
    for (const { name, bytes } of jsonTestSuite()) {
      expect(parseOwner(textOf(bytes)), name).toBeNull()
      expect(() => parseCredential(textOf(bytes)), name).toThrow(expect.objectContaining({ code: 'integrity' }))
    }
  },
)

/** As these readers get it: a file or an argument that was decoded already. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

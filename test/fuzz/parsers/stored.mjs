/** What comes back from a disk or a server, and may have been damaged there. */
import assert from 'node:assert/strict'
import { built, loadBuilt } from '../built.mjs'
import { unlessRefused } from '../refusal.mjs'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const owner = {
  pid: 1,
  host: 'h',
  bootId: 'b',
  space: 's',
  startedAt: '2026-01-01T00:00:00Z',
  token: id,
  published: { url: 'u' },
}

/** The file that says who holds a data directory: read as it was written, or not at all. */
const ownerFile = {
  name: 'owner-file',
  guides: [built('db/directory/owner.js')],
  seeds: [JSON.stringify(owner)],
  dictionary: ['{', '}', 'null', '[]', '"published"', '"pid"', '"token"', '0.5'],
  shape: 'json',
  async load() {
    const { parseOwner } = await loadBuilt('db/directory/owner.js')
    return (input) => {
      const read = parseOwner(input.toString())
      if (read === null) return
      const { published, pid, ...rest } = read
      assert.ok(Number.isInteger(pid))
      for (const value of [
        ...Object.values(published),
        rest.host,
        rest.bootId,
        rest.space,
        rest.startedAt,
        rest.token,
      ]) {
        assert.equal(typeof value, 'string')
      }
    }
  },
}

/** The local credential: read, or said to be damaged. */
const credentialFile = {
  name: 'credential-file',
  guides: [built('local/credential.js'), built('domain/apiKey.js')],
  async seeds() {
    const { writeKey } = await loadBuilt('domain/apiKey.js')
    return [JSON.stringify({ principalId: id, key: writeKey({ tenantId: id, keyId: id, secret: 'x'.repeat(43) }) })]
  },
  dictionary: ['{', '}', 'null', '"key"', '"principalId"', 'cal_', '""'],
  shape: 'json',
  async load() {
    const { parseCredential } = await loadBuilt('local/credential.js')
    return (input) => {
      const read = unlessRefused(['integrity'], () => parseCredential(input.toString()))
      if (read === undefined) return
      assert.match(`${read.principal.tenantId} ${read.principal.principalId}`, /^[0-9a-f-]{36} [0-9a-f-]{36}$/)
    }
  },
}

/** An archive of a cluster: entries inside of it, inside the archive's octets. */
const archive = {
  name: 'cluster-archive',
  guides: [built('db/pglite/tar.js')],
  seeds: [
    tarEntry('base/1', 'abc'),
    Buffer.concat([tarEntry('base/', '', '5'), tarEntry('a', 'x'.repeat(600)), Buffer.alloc(1_024)]),
  ],
  dictionary: ['\0', '0', '5', '7777', '-1', '00000000010\0', '../', '/', 'ustar\0'],
  maxBytes: 4_096,
  async load() {
    const { readTar } = await loadBuilt('db/pglite/tar.js')
    const refusals = ['The archive ends', 'The archive holds']
    return (input) => {
      let octets = 0
      try {
        for (const { name, data } of readTar(input)) {
          assert.ok(!name.split('/').includes('..') && !name.startsWith('/'))
          octets += 512 + data.length
          assert.ok(octets <= input.length, 'more than the archive holds')
        }
      } catch (error) {
        if (!refusals.some((start) => error.message.startsWith(start))) throw error
      }
    }
  },
}

/** Values as a server writes them. */
const wire = {
  name: 'wire-values',
  guides: [built('db/wire.js')],
  seeds: ['{a,"b \\"c\\"",NULL}', '{}', '2026-11-22 00:13:36.123456+00', '123'],
  dictionary: ['{', '}', '"', '\\', ',', 'NULL', '-', ':', '+05:30', '9007199254740993'],
  maxBytes: 200,
  async load() {
    const { isoUtc, parseTextArray, safeInteger } = await loadBuilt('db/wire.js')
    return (input) => {
      const text = input.toString('latin1')
      const items = unlessRefused(['internal'], () => parseTextArray(text))
      if (items !== undefined) assert.deepEqual(parseTextArray(written(items)), items)
      unlessRefused(['internal'], () => safeInteger(text))
      const time = unlessRefused(['internal'], () => isoUtc(text))
      if (time !== undefined) assert.equal(new Date(time).toISOString(), time)
    }
  },
}

/** The answer of a server to the client: its value, or an error that says so. */
const clientAnswer = {
  name: 'client-answer',
  guides: [built('response.js', 'client')],
  seeds: ['{"noteId":"x"}', '{"error":{"code":"not_found","message":"m","detail":{},"retryable":false}}', '<html>'],
  dictionary: ['"error"', '"code"', '"message"', '"detail"', '"retryable"', 'null', '[]', '"unavailable"'],
  shape: 'json',
  async load() {
    const { readAnswer } = await loadBuilt('response.js', 'client')
    const statuses = [200, 400, 404, 429, 500, 503]
    return async (input) => {
      const status = statuses[input.length % statuses.length]
      try {
        await readAnswer(new Response(input, { status }))
        assert.equal(status, 200)
      } catch (error) {
        if (error.name !== 'CaliberError') throw error
        assert.equal(typeof `${error.code}${error.message}`, 'string')
      }
    }
  },
}

export const storedParsers = [ownerFile, credentialFile, archive, wire, clientAnswer]

/** An array literal that quotes everything. */
function written(items) {
  const quoted = items.map((item) => (item === null ? 'NULL' : `"${item.replaceAll(/["\\]/g, '\\$&')}"`))
  return `{${quoted.join(',')}}`
}

function tarEntry(name, content, kind = '0') {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write(content.length.toString(8).padStart(11, '0'), 124)
  header.write(kind, 156)
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)])
}

/** What a caller shows to be let in, and where it says it comes from. */
import assert from 'node:assert/strict'
import { built, loadBuilt } from '../built.mjs'
import { unlessRefused } from '../refusal.mjs'

const secret = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE'
const key = `cal_${'0189ab'.repeat(10)}0189_${secret}`

const apiKey = {
  name: 'api-key',
  guides: [built('domain/apiKey.js')],
  seeds: [`${key}00000000`, key],
  dictionary: ['cal_', '_', secret, '0123456789abcdef', '-', 'A', '\n'],
  maxBytes: 200,
  async load() {
    const { readKey, writeKey } = await loadBuilt('domain/apiKey.js')
    // Without a right checksum everything ends at it, so half of the inputs get one.
    const mended = (text) => {
      const [, tenantId, keyId, given] = /^cal_(.{32})(.{32})_(.{43})/s.exec(text) ?? []
      return tenantId === undefined ? text : writeKey({ tenantId, keyId, secret: given })
    }
    return (input) => {
      const text = input.toString('latin1')
      for (const candidate of [text, mended(text)]) {
        const parts = readKey(candidate)
        if (parts === undefined) continue
        assert.equal(writeKey(parts), candidate)
        assert.match(`${parts.tenantId} ${parts.keyId}`, /^[0-9a-f-]{36} [0-9a-f-]{36}$/)
        assert.equal(Buffer.from(parts.secret, 'base64url').length, 32)
      }
    }
  },
}

const bearer = {
  name: 'bearer-header',
  guides: [built('surfaces/http/bearer.js')],
  seeds: [`Bearer ${key}`, 'bearer   x', 'Basic eA=='],
  dictionary: ['Bearer ', 'bearer', ' ', '\t', ',', '\x7f'],
  maxBytes: 300,
  async load() {
    const { bearerKey } = await loadBuilt('surfaces/http/bearer.js')
    return (input) => {
      const header = input.toString('latin1')
      const found = unlessRefused(['unauthenticated'], () => bearerKey(header))
      if (found === undefined) return
      assert.match(found, /^[\x21-\x7e]+$/)
      assert.ok(header.endsWith(found) && header.slice(0, 6).toLowerCase() === 'bearer')
    }
  },
}

/** Two lines: Host and Origin. What passes names loopback or a name we were told, and the origin is the host. */
const origin = {
  name: 'host-and-origin',
  guides: [built('surfaces/http/guard.js')],
  seeds: [
    'localhost:7475\nhttp://localhost:7475',
    '127.0.0.1',
    '[::1]:80\nhttp://[::1]',
    'memory.example\nhttps://memory.example',
  ],
  dictionary: [
    'http://',
    'https://',
    '127.0.0.1',
    'localhost',
    '[::1]',
    ':80',
    '@',
    '#',
    '?',
    '/',
    '\\',
    '\n',
    '%',
    '.',
    '0x7f',
  ].concat(['null', 'memory.example', 'evil.example', '\u3002', '::ffff:127.0.0.1']),
  maxBytes: 120,
  async load() {
    const { assertOwnOrigin } = await loadBuilt('surfaces/http/guard.js')
    const allowed = new Set(['memory.example'])
    return (input) => {
      const [host, from] = input.toString('latin1').split('\n')
      const passes = unlessRefused(['forbidden'], () => {
        assertOwnOrigin({ host, origin: from }, allowed)
        return true
      })
      if (!passes) return
      const { hostname, host: own } = new URL(`http://${host}`)
      assert.match(hostname, /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|memory\.example)$/)
      assert.ok(!/[@/\\?#]/.test(host.replace(/[/\\?#]+$/, '')), `${host} holds more than a host`)
      if (from === undefined) return
      assert.equal(new URL(from.replace(/^https:/, 'http:')).host, own)
    }
  },
}

export const credentialParsers = [apiKey, bearer, origin]

/** The credentials that probes are made with. A new kind is one more entry. */
import type { Viewer } from './model.ts'
import { readKey, writeKey } from './product.ts'
import { type Issuer, newIssuer, tokenFor } from './tokens.ts'
import { personNames, spareKeys, type Tenant, type World } from './world.ts'

export interface Credential {
  readonly name: string
  /** What is shown as a bearer token; undefined for nothing. */
  readonly token: string | undefined
  /** What it is worth. The suspended are told so, the refused nothing. */
  readonly standing: 'live' | 'refused' | 'suspended'
  /** Whom a live one stands for. */
  readonly viewer: Viewer | undefined
}

export function credentialsOf({ tenants, suspendedKey }: World, issuer: Issuer): readonly Credential[] {
  const [first, second] = tenants
  if (!first || !second) throw new Error('A world has several tenants.')
  return [
    refused('none', undefined),
    refused('malformed', 'cal_nonsense'),
    refused('wrong checksum', `${first.keys.owner.slice(0, -1)}${first.keys.owner.endsWith('0') ? '1' : '0'}`),
    refused('unknown key', altered(first.keys.owner, { keyId: first.people.stranger.principalId })),
    refused('wrong secret', altered(first.keys.owner, { secret: readKey(first.keys.reader)?.secret ?? '' })),
    refused('key of another tenant', altered(first.keys.owner, { tenantId: second.tenantId })),
    ...Object.entries(wrongTokens).map(([name, wrong]) => refused(name, tokenFor(issuer, ownerOf(first), wrong))),
    refused('token of another issuer', tokenFor(newIssuer(), ownerOf(first))),
    refused('token for a subject nobody knows', tokenFor(issuer, { ...ownerOf(first), subject: 'nobody' })),
    { name: 'token', token: tokenFor(issuer, ownerOf(first)), standing: 'live', viewer: first.people.owner },
    { name: 'suspended tenant', token: suspendedKey, standing: 'suspended', viewer: undefined },
    ...spareKeys.filter(opensNothing).map((name) => refused(name, first.keys[name])),
    ...[first, second].flatMap(liveOf),
  ]
}

/** The credentials of a tenant that open something. */
export function liveOf({ number, keys, people, regions }: Tenant): readonly Credential[] {
  const live = (name: keyof Tenant['keys'], viewer: Viewer): Credential => {
    return { name: `${name} ${number}`, token: keys[name], standing: 'live', viewer }
  }
  return [
    ...personNames.map((name) => live(name, people[name])),
    live('readOnly', { ...people.owner, rights: ['read'] }),
    live('narrowed', { ...people.owner, regions: [regions.public] }),
  ]
}

const opensNothing = (name: (typeof spareKeys)[number]) => name !== 'readOnly' && name !== 'narrowed'

function refused(name: string, token: string | undefined): Credential {
  return { name, token, standing: 'refused', viewer: undefined }
}

function altered(key: string, change: { tenantId?: string; keyId?: string; secret?: string }): string {
  const parts = readKey(key)
  if (!parts) throw new Error('A key of the world cannot be read.')
  return writeKey({ ...parts, ...change })
}

const ownerOf = ({ tenantId }: Tenant) => ({ subject: 'owner', tenantId })

const wrongTokens = {
  'token with alg none': { header: { alg: 'none' } },
  'token with alg HS256': { header: { alg: 'HS256' } },
  'token for another audience': { claims: { aud: 'https://another.example' } },
  'token that has expired': { claims: { exp: 1_767_225_600 } },
  'token that is not yet valid': { claims: { nbf: 4_102_444_800 } },
  'token of no tenant': { claims: { caliber_tenant: undefined } },
}

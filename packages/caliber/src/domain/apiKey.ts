/**
 * The written form of an API key: `cal_<tenant><key>_<secret><checksum>`.
 *
 * Ids are hex without dashes, so the server can claim the named tenant, read that one row under its row security and
 * compare digests: a wrong key learns nothing, and no lookup crosses tenants. The checksum tells a mistyped key from
 * an unknown one without asking the database.
 */
export interface KeyParts {
  readonly tenantId: string
  readonly keyId: string
  /** 32 octets as base64url. */
  readonly secret: string
}

const form = /^cal_([0-9a-f]{32})([0-9a-f]{32})_([A-Za-z0-9_-]{43})([0-9a-f]{8})$/

/** Tell a key from the credentials of others, well-formed or not. */
export function isApiKey(credential: string): boolean {
  return credential.startsWith('cal_')
}

export function writeKey({ tenantId, keyId, secret }: KeyParts): string {
  const body = `cal_${tenantId.replaceAll('-', '')}${keyId.replaceAll('-', '')}_${secret}`
  return body + checksum(body)
}

/** @returns undefined for anything that is not a well-formed key with a right checksum */
export function readKey(key: string): KeyParts | undefined {
  const [, tenant, id, secret] = form.exec(key) ?? []
  if (tenant === undefined || id === undefined || secret === undefined) return undefined
  if (checksum(key.slice(0, -8)) !== key.slice(-8)) return undefined
  return { tenantId: dashed(tenant), keyId: dashed(id), secret }
}

function dashed(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** CRC-32 (IEEE 802.3), hex. Finds typing errors; it is no protection. */
function checksum(text: string): string {
  let crc = 0xffffffff
  for (let i = 0; i < text.length; i += 1) {
    crc ^= text.charCodeAt(i)
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0')
}

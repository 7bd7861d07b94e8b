import { compactVerify } from 'jose'
import type { CompactJws } from './compactJws.ts'
import type { VerificationKey } from './keySet.ts'
import { tokenRefused } from './tokenRefused.ts'

/**
 * Verify a signature with one key, by the one algorithm that is pinned for it.
 *
 * @throws CaliberError `unauthenticated`
 */
export async function verifyJws(jws: CompactJws, { algorithm, key }: VerificationKey): Promise<void> {
  // The header only says what the issuer did; it chooses nothing.
  if (jws.algorithm !== algorithm) throw tokenRefused(`its alg is not that of its key, ${algorithm}`)
  try {
    await compactVerify(jws.text, key, { algorithms: [algorithm] })
  } catch (error) {
    throw tokenRefused('the signature does not verify', error)
  }
}

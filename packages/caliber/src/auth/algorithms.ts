/** Signature algorithms that a token may use, and the key each needs. Public keys alone: a shared secret can forge. */
export const algorithms = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
} as const satisfies Record<string, { readonly kty: string; readonly crv?: string }>

export type Algorithm = keyof typeof algorithms

export const algorithmNames = Object.keys(algorithms).filter(isAlgorithm)

export function isAlgorithm(name: string): name is Algorithm {
  return Object.hasOwn(algorithms, name)
}

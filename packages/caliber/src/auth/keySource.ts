/**
 * Where the keys of an issuer come from: the configuration, or a URL of the issuer.
 *
 * Fetched keys are used for some minutes, so a withdrawn key dies within them. An unknown key id, which a rotation looks
 * like, fetches again at once, but not more often than the cool-down allows: a stranger's tokens must not make us call
 * the issuer. While the issuer does not answer, the last keys serve for a bounded time.
 */
import { CaliberError } from '../domain/errors.ts'
import { isLoopback } from '../domain/loopback.ts'
import type { IssuerConfiguration } from './configuration.ts'
import { fetchJson } from './fetchJson.ts'
import { type KeySet, readKeySet, type VerificationKey } from './keySet.ts'

export interface KeySource {
  /** @throws CaliberError `unavailable` while there are no keys to look in */
  find(keyId: string): Promise<VerificationKey | undefined>
}

const freshMs = 5 * 60_000
const staleMs = 60 * 60_000
const coolDownMs = 10_000

export function keySourceOf({ keys, algorithms }: IssuerConfiguration, now: () => Date): KeySource {
  if ('given' in keys) return { find: async (keyId) => keys.given.get(keyId) }
  const { url } = keys
  const loopback = isLoopback(url.hostname)
  return fetchedKeys(async () => readKeySet(await fetchJson(url, { loopback }), algorithms), now)
}

/** @param fetchKeys asks the issuer; may fail */
export function fetchedKeys(fetchKeys: () => Promise<KeySet>, now: () => Date): KeySource {
  let held: { readonly keys: KeySet; readonly atMs: number } | undefined
  let triedAtMs = Number.NEGATIVE_INFINITY
  let fault: unknown
  let running: Promise<void> | undefined

  const refresh = (): Promise<void> => {
    running ??= fetchOnce().finally(() => {
      running = undefined
    })
    return running
  }
  const fetchOnce = async (): Promise<void> => {
    triedAtMs = now().getTime()
    try {
      held = { keys: await fetchKeys(), atMs: triedAtMs }
    } catch (error) {
      fault = error
    }
  }
  /** A clock that was put back makes everything old. */
  const sinceMs = (atMs: number): number => {
    const ms = now().getTime() - atMs
    return ms < 0 ? Number.POSITIVE_INFINITY : ms
  }
  const mayTry = (): boolean => running !== undefined || sinceMs(triedAtMs) >= coolDownMs

  return {
    async find(keyId) {
      if ((!held || sinceMs(held.atMs) >= freshMs || !held.keys.has(keyId)) && mayTry()) await refresh()
      if (held && sinceMs(held.atMs) < staleMs) return held.keys.get(keyId)
      throw new CaliberError(
        'unavailable',
        'The keys of the issuer of this token cannot be had now. Try again in a moment.',
        {},
        fault,
      )
    },
  }
}

import { setTimeout } from 'node:timers/promises'

/** Wait for work behind everybody's back: it keeps no process alive. Rejects when the signal aborts. */
export async function waitBehind(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal, ref: false })
}

/** Servers that leak, each in its own way: the negative controls of the probes. */
import { CaliberError, type Call, type Runtime } from './product.ts'
import type { World } from './world.ts'

interface Faulty {
  /** Make another server of it. */
  fault(runtime: Runtime, world: World): Runtime
  /** Names of the credentials that can meet the fault. */
  readonly noticedBy: RegExp
}

export const faults: Readonly<Record<string, Faulty>> = {
  'lets everybody in': {
    noticedBy: /^(malformed|expired|revoked)$/,
    fault: (runtime, { tenants }) => ({
      ...runtime,
      authenticate: (key) => runtime.authenticate(key).catch((error) => tenants[0]?.people.stranger ?? rethrow(error)),
    }),
  },
  'forgets that a credential is narrowed': {
    noticedBy: /^narrowed/,
    fault: (runtime) => ({
      ...runtime,
      async authenticate(key) {
        const { regions: _, ...principal } = await runtime.authenticate(key)
        return principal
      },
    }),
  },
  'keeps answers without saying whose they are': {
    noticedBy: /^(owner|stranger)/,
    fault(runtime) {
      const kept = new Map<string, unknown>()
      const dispatch = async (call: Call) => {
        const name = `${call.operation} ${JSON.stringify(call.input)}`
        if (!kept.has(name)) kept.set(name, await runtime.dispatch(call))
        return kept.get(name)
      }
      return { ...runtime, dispatch }
    },
  },
  'tells what is hidden from what is not there': {
    noticedBy: /^stranger/,
    fault(runtime, { tenants }) {
      const isAnybodys = async (call: Call) => {
        const asked = tenants.map(({ people }) => runtime.dispatch({ ...call, principal: people.admin }))
        return (await Promise.allSettled(asked)).some(({ status }) => status === 'fulfilled')
      }
      const dispatch = (call: Call) =>
        runtime.dispatch(call).catch(async (error) => {
          if (await isAnybodys(call)) throw new CaliberError('forbidden', 'That is not yours.')
          throw error
        })
      return { ...runtime, dispatch }
    },
  },
  'says what the database said': {
    noticedBy: /^stranger/,
    fault: (runtime) => ({
      ...runtime,
      dispatch: (call) =>
        runtime.dispatch(call).catch((error: Error) => {
          throw new CaliberError('not_found', `${error.message} (select id from caliber.note where …)`)
        }),
    }),
  },
  'writes into another tenant': {
    noticedBy: /^stranger/,
    fault: (runtime, { tenants }) => ({
      ...runtime,
      async dispatch(call) {
        const principal = tenants[2]?.people.owner
        const input = { subject: 'copied', content: 'by mistake' }
        if (call.operation === 'region.list') await runtime.dispatch({ operation: 'note.record', input, principal })
        return runtime.dispatch(call)
      },
    }),
  },
}

function rethrow(error: unknown): never {
  throw error
}

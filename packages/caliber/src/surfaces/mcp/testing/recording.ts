/** A dispatch that keeps what it was asked and answers by rule, and two principals to ask it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CaliberError } from '../../../domain/errors.ts'
import type { Principal } from '../../../domain/principal.ts'
import type { Call, Dispatch } from '../../../operations/dispatch.ts'
import { registry } from '../../../operations/registry.ts'

export interface Recording {
  readonly calls: Call[]
  readonly dispatch: Dispatch
}

/** Validation is the registry's own; the answers are what each test needs. */
export function recording(): Recording {
  const calls: Call[] = []
  return {
    calls,
    async dispatch(call) {
      calls.push(call)
      const operation = registry.find(({ name }) => name === call.operation)
      const parsed = operation?.input.safeParse(call.input)
      if (parsed?.error) throw new CaliberError('invalid_input', issuesOf(parsed.error.issues), { issues: 1 })
      const input = { ...parsed?.data }
      switch (call.operation) {
        case 'context.assemble':
          return assembled(input['format'] === 'messages')
        case 'memory.search':
          if (input['query'] === 'slow') await sleep(300)
          if (input['query'] === 'defect') throw new Error('secret: /home/me/caliber.ts')
          if (input['query'] === 'busy') throw new CaliberError('unavailable', 'The database cannot answer. Try again.')
          return { items: [], eventSeq: call.principal === bert ? 2 : 1 }
        default:
          return { windowId: String(input['text'] ?? '').length }
      }
    },
  }
}

export const anna = principal('11111111-1111-4111-8111-111111111111')
export const bert = principal('22222222-2222-4222-8222-222222222222')

export const contextText = '# Memory\n- We deploy to Stockholm.\n'

function assembled(asMessages: boolean) {
  const section = { name: 'frame', tokens: 12, items: 0 }
  return {
    windowId: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    text: asMessages ? null : contextText,
    messages: asMessages ? [{ role: 'system', content: contextText }] : null,
    receipt: {
      request: {
        scopeId: null,
        trajectoryId: null,
        query: 'where',
        system: null,
        pins: [],
        minTrust: 0,
        budgetTokens: 100,
        format: asMessages ? 'messages' : 'markdown',
      },
      eventSeq: 3,
      at: '2026-05-04T09:00:00.000Z',
      tokenizer: 'o200k_base',
      usedTokens: 12,
      sections: [section],
      totals: { candidates: 0, included: 0, excluded: 0 },
      verdicts: [],
    },
  }
}

function issuesOf(issues: readonly { message: string }[]): string {
  return issues.map(({ message }) => message).join('; ')
}

function principal(id: string): Principal {
  return { tenantId: id, principalId: id, rights: ['read', 'write'] }
}

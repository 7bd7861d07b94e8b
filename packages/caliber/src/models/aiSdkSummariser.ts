/** Language models of the AI SDK as summarisers, by the shape that its providers share; nothing of it is installed for this. */
import { CaliberError } from '../domain/errors.ts'
import { callAiSdk } from './aiSdkCall.ts'
import type { Summariser } from './summariser.ts'
import { keptOf, promptVersion, summaryPrompt } from './summaryPrompt.ts'
import { countOf } from './tokenCount.ts'
import { within } from './within.ts'

/** What an AI SDK provider calls a language model, as far as it is used. */
export interface AiSdkLanguageModel {
  readonly specificationVersion: 'v2' | 'v3' | 'v4'
  readonly modelId: string
  doGenerate(options: AiSdkGeneration): PromiseLike<{
    readonly content: readonly { readonly type: string; readonly text?: unknown }[]
    /** A number of tokens each, or since v3 an object with their `total`. */
    readonly usage: { readonly inputTokens?: unknown; readonly outputTokens?: unknown }
  }>
}

interface AiSdkGeneration {
  prompt: ({ role: 'system'; content: string } | { role: 'user'; content: { type: 'text'; text: string }[] })[]
  maxOutputTokens: number
  temperature: number
  abortSignal: AbortSignal
}

/** Use an AI SDK language model for summaries. */
export function aiSdkSummariser(sdkModel: AiSdkLanguageModel): Summariser {
  const model = `summarising model ${sdkModel.modelId}`
  return {
    name: `${sdkModel.modelId}/prompt ${promptVersion}`,
    isLocal: false,
    async summarise(texts, { kind, maxTokens, signal, counted }) {
      const { system, user } = summaryPrompt(texts, { ...(kind && { kind }), maxTokens })
      const { content, usage } = await callAiSdk(signal, model, () =>
        sdkModel.doGenerate({
          prompt: [
            { role: 'system', content: system },
            { role: 'user', content: [{ type: 'text', text: user }] },
          ],
          maxOutputTokens: maxTokens,
          temperature: 0,
          abortSignal: signal,
        }),
      )
      const [inputTokens, outputTokens] = [tokensOf(usage.inputTokens), tokensOf(usage.outputTokens)]
      // Before the answer is judged: what is of no use has its price as well.
      if (inputTokens + outputTokens > 0) counted?.({ inputTokens, outputTokens })
      const said = content.map(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : '')).join('')
      const text = keptOf(said, maxTokens)
      if (text === '') throw new CaliberError('unavailable', `The ${model} answered without a summary.`)
      return { text, inputTokens, outputTokens }
    },
  }
}

const tokensOf = (said: unknown) => countOf(within(said, 'total') ?? said)

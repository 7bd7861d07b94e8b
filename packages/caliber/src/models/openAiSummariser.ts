/** Summarising models behind `POST {baseUrl}/chat/completions`, as modelEndpoint.ts speaks it. */
import { type ModelEndpointOptions, modelEndpoint } from './modelEndpoint.ts'
import { PostFailed } from './postJson.ts'
import type { Summariser } from './summariser.ts'
import { charsPerToken, keptOf, promptVersion, summaryPrompt } from './summaryPrompt.ts'
import { countOf } from './tokenCount.ts'
import { within } from './within.ts'

/** @throws CaliberError `invalid_input` for options that cannot work */
export function openAiSummariser(options: ModelEndpointOptions): Summariser {
  const { model } = options
  const endpoint = modelEndpoint('summarising model', 'chat/completions', options)
  return {
    name: `${model}/prompt ${promptVersion}`,
    isLocal: false,
    summarise(texts, { maxTokens, signal, counted, ...options }) {
      const { system, user } = summaryPrompt(texts, { ...options, maxTokens })
      return endpoint.ask({
        body: {
          model,
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: user },
          ],
          max_tokens: maxTokens,
          temperature: 0,
        },
        maxBytes: 65_536 + maxTokens * charsPerToken * 4,
        signal,
        read(answer) {
          const inputTokens = countOf(within(answer, 'usage', 'prompt_tokens'))
          const outputTokens = countOf(within(answer, 'usage', 'completion_tokens'))
          // Before the answer is judged: what is of no use has its price as well.
          if (inputTokens + outputTokens > 0) counted?.({ inputTokens, outputTokens })
          const text = keptOf(within(answer, 'choices', 0, 'message', 'content'), maxTokens)
          if (text === '') throw new PostFailed('answered without a summary', { isTransient: true })
          return { text, inputTokens, outputTokens }
        },
      })
    },
  }
}

import { CaliberError } from '../domain/errors.ts'
import type { Embedder } from '../models/embedder.ts'
import { openAiEmbedder } from '../models/openAiEmbedder.ts'
import type { CaliberOptions } from './openCaliber.ts'

/**
 * The embedding model that the options or the environment name.
 *
 * @returns undefined where neither does: search by words alone
 * @throws CaliberError `invalid_input`
 */
export function embedderOf(
  { embedder }: Pick<CaliberOptions, 'embedder'>,
  environment: NodeJS.ProcessEnv = process.env,
): Embedder | undefined {
  const baseUrl = environment['CALIBER_EMBEDDER_URL']
  if (embedder || baseUrl === undefined || baseUrl === '') return embedder
  const model = environment['CALIBER_EMBEDDER_MODEL']
  const dimensions = environment['CALIBER_EMBEDDER_DIMENSIONS']
  if (!model || !dimensions) {
    throw new CaliberError(
      'invalid_input',
      'CALIBER_EMBEDDER_URL needs CALIBER_EMBEDDER_MODEL and CALIBER_EMBEDDER_DIMENSIONS beside it.',
    )
  }
  const key = environment['CALIBER_EMBEDDER_KEY'] || undefined
  return openAiEmbedder({ baseUrl, model, dimensions: Number(dimensions), key })
}

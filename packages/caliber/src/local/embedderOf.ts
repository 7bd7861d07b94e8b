import { CaliberError } from '../domain/errors.ts'
import type { Embedder } from '../models/embedder.ts'
import { localEmbedder } from '../models/localEmbedder.ts'
import { openAiEmbedder } from '../models/openAiEmbedder.ts'
import type { CaliberOptions } from './openCaliber.ts'

/** The name of the model that needs no server. */
const local = 'local'

/**
 * The embedding model that the options or the environment name.
 *
 * @returns undefined where neither does: search by words alone
 * @throws CaliberError `invalid_input`; `unavailable` where the model needs packages that are not installed
 */
export async function embedderOf(
  { embedder }: Pick<CaliberOptions, 'embedder'>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Embedder | undefined> {
  if (embedder) return embedder
  const baseUrl = environment['CALIBER_EMBEDDER_URL']
  const model = environment['CALIBER_EMBEDDER_MODEL']
  if (!baseUrl) {
    if (!model) return undefined
    if (model === local) return localEmbedder()
    throw new CaliberError(
      'invalid_input',
      `CALIBER_EMBEDDER_MODEL needs CALIBER_EMBEDDER_URL beside it, unless it is ${local}.`,
    )
  }
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

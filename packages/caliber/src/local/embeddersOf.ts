import { CaliberError } from '../domain/errors.ts'
import { type Embedder, spaceOf } from '../models/embedder.ts'
import { localEmbedder } from '../models/localEmbedder.ts'
import { openAiEmbedder } from '../models/openAiEmbedder.ts'
import type { CaliberOptions } from './openCaliber.ts'

type Embedders = Pick<CaliberOptions, 'embedder' | 'previousEmbedder'>

/** The name of the model that needs no server. */
const local = 'local'

/**
 * The embedding models that the options or the environment name.
 *
 * @returns without an embedder where neither names one: search by words alone
 * @throws CaliberError `invalid_input`; `unavailable` where a model needs packages that are not installed
 */
export async function embeddersOf(
  options: Embedders,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Embedders> {
  const embedder = options.embedder ?? (await named('CALIBER_EMBEDDER', environment))
  const previousEmbedder = options.previousEmbedder ?? (await named('CALIBER_EMBEDDER_PREVIOUS', environment))
  if (previousEmbedder && (!embedder || spaceOf(embedder) === spaceOf(previousEmbedder))) {
    const now = embedder ? 'the same one is' : 'none is'
    throw new CaliberError(
      'invalid_input',
      `The previous embedding model ${previousEmbedder.model} serves while another takes its place, and ${now} configured.`,
    )
  }
  return { embedder, previousEmbedder }
}

/** @param prefix of the variables, such as `CALIBER_EMBEDDER` */
async function named(prefix: string, environment: NodeJS.ProcessEnv): Promise<Embedder | undefined> {
  const baseUrl = environment[`${prefix}_URL`]
  const model = environment[`${prefix}_MODEL`]
  if (!baseUrl) {
    if (!model) return undefined
    if (model === local) return localEmbedder()
    throw new CaliberError('invalid_input', `${prefix}_MODEL needs ${prefix}_URL beside it, unless it is ${local}.`)
  }
  const dimensions = environment[`${prefix}_DIMENSIONS`]
  if (!model || !dimensions) {
    throw new CaliberError('invalid_input', `${prefix}_URL needs ${prefix}_MODEL and ${prefix}_DIMENSIONS beside it.`)
  }
  return openAiEmbedder({
    baseUrl,
    model,
    dimensions: Number(dimensions),
    key: environment[`${prefix}_KEY`] || undefined,
  })
}

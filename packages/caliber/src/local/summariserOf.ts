import { CaliberError } from '../domain/errors.ts'
import { openAiSummariser } from '../models/openAiSummariser.ts'
import type { Summariser } from '../models/summariser.ts'
import type { CaliberOptions } from './openCaliber.ts'

/**
 * The summarising model that the options or the environment name.
 *
 * @returns undefined where neither does: summaries are made without a model
 * @throws CaliberError `invalid_input`
 */
export function summariserOf(
  { summariser }: Pick<CaliberOptions, 'summariser'>,
  environment: NodeJS.ProcessEnv = process.env,
): Summariser | undefined {
  const baseUrl = environment['CALIBER_SUMMARISER_URL']
  if (summariser || baseUrl === undefined || baseUrl === '') return summariser
  const model = environment['CALIBER_SUMMARISER_MODEL']
  if (!model) {
    throw new CaliberError('invalid_input', 'CALIBER_SUMMARISER_URL needs CALIBER_SUMMARISER_MODEL beside it.')
  }
  return openAiSummariser({ baseUrl, model, key: environment['CALIBER_SUMMARISER_KEY'] || undefined })
}

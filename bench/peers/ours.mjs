/** Caliber as a program uses it: the embedded tier with its defaults, a trajectory per conversation, a scope per session. */
import { openCaliber } from 'caliber'

/** @param meaning whether the vectors are used */
export async function open({ dir, corpus, meaning, kept = { trajectories: {}, units: {} } }) {
  const caliber = await openCaliber({ dataDir: dir, tier: 'embedded', embedder: meaning ? corpus.embedder : undefined })
  let scope
  const allEmbedded = async (query) => {
    while ((await caliber.memory.search({ query, limit: 1 })).semantic !== 'full') await new Promise(setImmediate)
  }
  return {
    kept,
    async begin({ id }) {
      kept.trajectories[id] = (await caliber.trajectory.start({ name: id })).trajectoryId
    },
    async beforeWrite({ id }, { session }) {
      if (scope?.session === session) return
      const { scopeId } = await caliber.scope.open({ trajectoryId: kept.trajectories[id], name: session })
      scope = { session, scopeId }
    },
    async write(_, { id, text }, number) {
      const role = number % 2 === 0 ? 'user' : 'assistant'
      const { turns } = await caliber.turn.append({ scopeId: scope.scopeId, turns: [{ role, content: text }] })
      kept.units[turns[0].turnId] = id
    },
    async search({ id }, query) {
      const { items } = await caliber.memory.search({ query, trajectoryId: kept.trajectories[id], limit: 10 })
      return items.map((item) => kept.units[item.id])
    },
    /** Vectors come behind the writes: everything is there before anything is measured. */
    settled: (query) => (meaning ? allEmbedded(query) : undefined),
    close: () => caliber.close(),
  }
}

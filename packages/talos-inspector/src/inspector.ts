/**
 * One look at one entry: holds what is shown, turns keys into work, and says when to draw again.
 *
 * Commands run one after another. A failing one leaves what was shown and says why.
 */
import type { LiveGraph, StoredEntry } from '@caliber/talos/stored'
import { Snapshot } from './snapshot.ts'
import { type Command, type Line, linesOf, placeOf, press, START, type View } from './view.ts'

export class Inspector {
  readonly title: string
  view: View = START
  snapshot: Snapshot
  /** Called when the person is done. */
  onQuit: () => void = () => {}
  readonly #entry: StoredEntry
  #failing: ReadonlyMap<string, string> = new Map()
  #lines: { name: string; snapshot: Snapshot; lines: Line[] } | undefined
  #work: Promise<void> = Promise.resolve()
  #listener: () => void = () => {}

  private constructor(entry: StoredEntry, snapshot: Snapshot) {
    this.#entry = entry
    this.title = entry.key
    this.snapshot = snapshot
  }

  /** @throws TalosError when nothing is stored, or what is stored cannot be read */
  static async open(entry: StoredEntry): Promise<Inspector> {
    const { graph, live } = await read(entry)
    return new Inspector(entry, new Snapshot(graph, live, new Map()))
  }

  /** Lines of the place shown; moving the cursor does not make them anew. */
  get lines(): readonly Line[] {
    const { snapshot } = this
    const place = placeOf(this.view)
    const name = `${place.kind} ${place.kind === 'list' ? place.filter : place.id}`
    if (this.#lines?.name !== name || this.#lines.snapshot !== snapshot)
      this.#lines = { name, snapshot, lines: linesOf(place, snapshot) }
    return this.#lines.lines
  }

  /** @param page how many lines the screen holds */
  press(key: string, page: number): void {
    const { view, command } = press(this.view, key, this.lines, page)
    this.view = view
    if (command?.kind === 'quit') this.onQuit()
    else if (command !== undefined) this.#work = this.#work.then(() => this.#run(command))
    this.#listener()
  }

  /** Resolves when what was asked for so far is done. */
  async idle(): Promise<void> {
    await this.#work
  }

  subscribe(listener: () => void): () => void {
    this.#listener = listener
    return () => {
      this.#listener = () => {}
    }
  }

  async #run(command: Command): Promise<void> {
    try {
      const text = await this.#perform(command)
      const { graph, live } = await read(this.#entry)
      this.snapshot = new Snapshot(graph, live, this.#failing)
      this.view = { ...this.view, message: { text, tone: 'quiet' } }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      this.view = { ...this.view, message: { text, tone: 'error' } }
    }
    this.#listener()
  }

  async #perform(command: Command): Promise<string> {
    switch (command.kind) {
      case 'set': {
        const stale = await this.#entry.edit((graph) => {
          graph.set(command.id, command.value)
          return graph.stale().length
        })
        this.#failing = new Map()
        return `Set ${command.id}; ${stale} ${stale === 1 ? 'value is' : 'values are'} stale.`
      }
      case 'retry': {
        const live = await this.#entry.live()
        await live.retry(command.id)
        const failure = live.failure(command.id)
        const failing = new Map(this.#failing)
        if (failure === undefined) failing.delete(command.id)
        else failing.set(command.id, failure)
        this.#failing = failing
        return failure === undefined ? `Computed ${command.id}.` : `${command.id} fails: ${failure}`
      }
      case 'errors': {
        const failing = (await this.#entry.live()).errors()
        this.#failing = new Map(failing.map(({ id, error }) => [id, error]))
        return failing.length === 0 ? 'Nothing fails.' : `${failing.length} fail; filter with is:error.`
      }
      default:
        this.#failing = new Map()
        return 'Read again.'
    }
  }
}

async function read(
  entry: StoredEntry,
): Promise<{ graph: Awaited<ReturnType<StoredEntry['read']>>; live: LiveGraph | undefined }> {
  const live = entry.isLive ? await entry.live() : undefined
  return { graph: await entry.read(), live }
}

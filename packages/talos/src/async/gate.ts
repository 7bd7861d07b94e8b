/** Lets at most `concurrency` tasks run at once; the others wait in order. */
export class Gate {
  readonly #concurrency: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(concurrency: number) {
    this.#concurrency = Math.max(1, Math.floor(concurrency))
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
    try {
      return await task()
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }
}

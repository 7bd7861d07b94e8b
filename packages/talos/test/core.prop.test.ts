import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { createGraph, type Disposer, type Graph, type Readable } from '../src/index.ts'
import {
  compute,
  evaluate,
  type Formula,
  Minimal,
  type Outcome,
  outcomeOf,
  type Program,
  randomProgram,
} from './program.ts'
import { forSeeds, type Random } from './random.ts'

test('C1: every read equals evaluation from scratch, with partial reads between edits and exact run counts', () => {
  forSeeds(400, (rnd) => {
    const world = build(rnd, 4, 12, false)
    for (let step = 0; step < 40; step++) {
      world.set(rnd.below(4), rnd.below(50))
      world.read(4 + rnd.below(12))
    }
    expect(world.runs()).toBe(world.minimal.runs)
  })
})

test('C1: the same holds with errors, refreshes, batches, rollbacks, reads inside batches and observers', () => {
  forSeeds(Number(process.env['TALOS_SEEDS'] ?? 1500), (rnd) => {
    const world = build(rnd, 3 + rnd.below(4), 4 + rnd.below(20), true)
    const { inputs, formulas } = world.program
    const any = () => inputs + rnd.below(formulas.length)
    for (let step = 0; step < 50; step++) {
      const choice = rnd.below(12)
      if (choice < 4) world.set(rnd.below(inputs), rnd.below(12))
      else if (choice < 7) world.read(any())
      else if (choice === 7) world.batch(rnd)
      else if (choice === 8) world.observe(any())
      else if (choice === 9) world.unobserve(rnd)
      else if (choice === 10 && world.observers.length === 0) world.refresh(any())
      else for (let i = 0; i < 3; i++) world.read(any())
      world.sound()
    }
  })
})

interface World {
  readonly program: Program
  readonly minimal: Minimal
  readonly observers: Disposer[]
  runs(): number
  set(input: number, value: number): void
  read(id: number): void
  batch(rnd: Random): void
  observe(id: number): void
  unobserve(rnd: Random): void
  refresh(id: number): void
  sound(): void
}

/** One program in the engine and in both oracles; every operation compares them. */
function build(rnd: Random, inputCount: number, nodeCount: number, errors: boolean): World {
  const program = randomProgram(rnd, inputCount, nodeCount, errors)
  const graph: Graph = createGraph()
  const values = Array.from({ length: inputCount }, () => 0)
  const minimal = new Minimal(program, values)
  const watched: { id: number; saw: Outcome[] }[] = []
  const observers: Disposer[] = []
  let runs = 0
  const inputs = values.map((value, i) => graph.input(value, { id: `i${i}` }))
  const nodes: Readable<number>[] = [...inputs]
  const derived = program.formulas.map((formula: Formula, i) => {
    const node = graph.derived(
      () => {
        runs++
        return compute(formula, (dep) => (nodes[dep] as Readable<number>).get())
      },
      { id: `n${i}` },
    )
    nodes.push(node)
    return node
  })

  /** Observers look after every commit; the last they saw must be the truth, and they run only on change. */
  function settled() {
    minimal.edited()
    for (const { id, saw } of watched) {
      const truth = evaluate(program, values, id)
      minimal.read(id)
      expect(saw.at(-1)).toBe(truth)
      for (let i = 1; i < saw.length; i++) if (saw[i] === saw[i - 1]) throw new Error('observer ran without change')
    }
    expect(runs).toBe(minimal.runs)
  }

  function read(id: number) {
    const got = outcomeOf(() => (nodes[id] as Readable<number>).get())
    expect(got).toBe(evaluate(program, values, id))
    minimal.read(id)
    expect(runs).toBe(minimal.runs)
  }

  return {
    program,
    minimal,
    observers,
    runs: () => runs,
    read,
    set(input, value) {
      values[input] = value
      inputs[input]?.set(value)
      settled()
    },
    batch(rnd) {
      const before = [...values]
      const { revision } = graph
      const fails = rnd.chance(0.3)
      try {
        graph.batch(() => {
          for (let i = rnd.below(5); i >= 0; i--) {
            const input = rnd.below(inputCount)
            values[input] = rnd.below(12)
            inputs[input]?.set(values[input] as number)
            minimal.edited()
            if (rnd.chance(0.3)) read(inputCount + rnd.below(nodeCount))
          }
          if (fails) throw new Error('rolled back')
        })
      } catch (error) {
        if ((error as Error).message !== 'rolled back') throw error
        for (const [i, value] of before.entries()) values[i] = value
        expect(graph.revision).toBe(revision)
      }
      expect(inputs.map((input) => input.peek())).toEqual(values)
      settled()
    },
    observe(id) {
      const saw: Outcome[] = []
      watched.push({ id, saw })
      observers.push(graph.effect(() => void saw.push(outcomeOf(() => (nodes[id] as Readable<number>).get()))))
      settled()
    },
    unobserve(rnd) {
      if (observers.length === 0) return
      const at = rnd.below(observers.length)
      observers[at]?.dispose()
      observers.splice(at, 1)
      watched.splice(at, 1)
    },
    refresh(id) {
      derived[id - inputCount]?.refresh()
      minimal.forget(id)
    },
    sound() {
      const report = check(graph, [...nodes, ...observers])
      if (report.problems.length > 0) throw new Error(report.problems.join('; '))
    },
  }
}

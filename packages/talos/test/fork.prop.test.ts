import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { createGraph, type Fork, fork, type Readable, type Snapshot, snapshot } from '../src/index.ts'
import { compute, evaluate, type Outcome, outcomeOf, randomProgram } from './program.ts'
import { forSeeds } from './random.ts'

interface Level {
  readonly fork: Fork
  readonly pins: Map<number, number>
  readonly parent: Level | undefined
}

test('W1 W2 W3 W5: reads in any fork equal evaluation with its pins, and the parent never notices', () => {
  forSeeds(Number(process.env['TALOS_SEEDS'] ?? 600), (rnd) => {
    const program = randomProgram(rnd, 4, 12, true)
    const graph = createGraph()
    const values = [0, 0, 0, 0]
    let baseRuns = 0
    const inputs = values.map((value, i) => graph.input(value, { id: `i${i}` }))
    const nodes: Readable<number>[] = [...inputs]
    for (const [i, formula] of program.formulas.entries()) {
      nodes.push(
        graph.derived(
          () => {
            if (graph.state.view === null) baseRuns++
            return compute(formula, (dep) => (nodes[dep] as Readable<number>).get())
          },
          { id: `n${i}` },
        ),
      )
    }
    const node = (id: number) => nodes[id] as Readable<number>
    let levels: Level[] = []
    const snapshots: { view: Snapshot; values: number[] }[] = []

    function truth(level: Level | undefined, id: number): Outcome {
      return evaluate(program, values, id, pinsOf(level))
    }

    for (let step = 0; step < 60; step++) {
      const level = levels.length > 0 ? rnd.pick(levels) : undefined
      const any = rnd.below(16)
      switch (rnd.below(11)) {
        case 0:
          levels.push({ fork: level?.fork.fork() ?? fork(graph), pins: new Map(), parent: level })
          break
        case 1:
        case 2: {
          const input = rnd.below(4)
          values[input] = rnd.below(12)
          inputs[input]?.set(values[input] as number)
          break
        }
        case 3:
          if (level === undefined) break
          level.fork.pin(node(any), (any * 7 + step) % 11)
          level.pins.set(any, (any * 7 + step) % 11)
          break
        case 4:
          if (level === undefined) break
          level.fork.unpin(node(any))
          level.pins.delete(any)
          break
        case 5:
          if (level === undefined) break
          try {
            level.fork.run(() =>
              graph.batch(() => {
                inputs[any % 4]?.set(step)
                if (rnd.chance(0.5)) throw new Error('undo')
                level.pins.set(any % 4, step)
              }),
            )
          } catch (error) {
            if ((error as Error).message !== 'undo') throw error
          }
          // A set that changes nothing pins nothing.
          if (level.pins.get(any % 4) === step && !hasPin(level, graph, inputs[any % 4] as Readable<number>))
            level.pins.delete(any % 4)
          break
        case 6:
          if (level === undefined || rnd.chance(0.5)) break
          if (levels.some((other) => other.parent === level)) break
          if (level.parent === undefined && [...level.pins.keys()].some((id) => id >= 4)) {
            expect(() => level.fork.commit()).toThrow(expect.objectContaining({ code: 'pinned_derived' }))
            break
          }
          level.fork.commit()
          for (const [id, value] of level.pins) {
            if (level.parent !== undefined) level.parent.pins.set(id, value)
            else values[id] = value
          }
          levels = levels.filter((other) => other !== level)
          break
        case 7:
          if (snapshots.length < 3) snapshots.push({ view: snapshot(graph), values: [...values] })
          else snapshots.shift()?.view.dispose()
          break
        case 8: {
          const taken = snapshots.at(-1)
          if (taken !== undefined)
            expect(outcomeOf(() => taken.view.get(node(any)))).toBe(evaluate(program, taken.values, any))
          break
        }
        case 9:
          expect(outcomeOf(() => node(any).get())).toBe(truth(undefined, any))
          break
        default: {
          const before = baseRuns
          if (level !== undefined) expect(outcomeOf(() => level.fork.get(node(any)))).toBe(truth(level, any))
          expect(baseRuns).toBe(before)
        }
      }
      const { problems } = check(graph, nodes)
      if (problems.length > 0) throw new Error(problems.join('; '))
    }
  })
})

function pinsOf(level: Level | undefined): Map<number, number> {
  if (level === undefined) return new Map()
  return new Map([...pinsOf(level.parent), ...level.pins])
}

function hasPin(level: Level, graph: { state: object }, input: Readable<number>): boolean {
  void graph
  const { overlay } = level.fork as unknown as { overlay: { pins: Map<object, unknown> } }
  return overlay.pins.has(input)
}

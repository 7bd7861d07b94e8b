/**
 * Random programs as data, and two oracles for them.
 *
 * `evaluate` computes a node from scratch. `Minimal` replays what an ideal engine would run: a node
 * runs only if a value it read, checked in read order, differs from what its last run saw.
 */
import type { Random } from './random.ts'

export interface Formula {
  readonly kind: 'sum' | 'branch' | 'fail' | 'guard' | 'rescue'
  /** Below `inputs` an input, else a node. */
  readonly deps: readonly number[]
  readonly modulus: number
}

export interface Program {
  readonly inputs: number
  readonly formulas: readonly Formula[]
}

export function randomProgram(rnd: Random, inputs: number, nodes: number, errors: boolean): Program {
  const kinds: Formula['kind'][] = errors
    ? ['sum', 'sum', 'branch', 'fail', 'guard', 'rescue']
    : ['sum', 'sum', 'branch', 'guard']
  const formulas = Array.from({ length: nodes }, (_, i) => ({
    kind: rnd.pick(kinds),
    deps: Array.from({ length: 1 + rnd.below(3) }, () => rnd.below(inputs + i)),
    modulus: rnd.pick([2, 3, 1000]),
  }))
  return { inputs, formulas }
}

/** Compute a formula from a way to read its dependencies. Reads happen in a fixed order. */
export function compute(formula: Formula, read: (dep: number) => number): number {
  const { kind, deps, modulus } = formula
  const first = deps[0] as number
  const last = deps.at(-1) as number
  switch (kind) {
    case 'sum':
      return deps.reduce((sum, dep) => sum + read(dep), 0) % modulus
    case 'branch':
      return read(first) % 2 === 0 ? read(last) : read(deps[deps.length >> 1] as number) + 1
    case 'guard':
      return read(first) % 3 === 0 ? 0 : deps.slice(1).reduce((sum, dep) => sum + read(dep), 1) % modulus
    case 'fail': {
      const sum = deps.reduce((sum, dep) => sum + read(dep), 0)
      if (sum % 4 === 3) throw failure(sum % modulus)
      return sum % modulus
    }
    case 'rescue':
      try {
        return read(first)
      } catch {
        return read(last === first ? 0 : 0) + 100
      }
  }
}

const failures = new Map<number, Error>()

/** One error object per kind, so that equal failures are equal outcomes. */
function failure(kind: number): Error {
  const known = failures.get(kind) ?? new Error(`failure ${kind}`)
  failures.set(kind, known)
  return known
}

/** An outcome as one comparable value: a number, or the error thrown. */
export type Outcome = number | Error

export function outcomeOf(action: () => number): Outcome {
  try {
    return action()
  } catch (error) {
    return error as Error
  }
}

export function evaluate(
  program: Program,
  values: readonly number[],
  node: number,
  pins: ReadonlyMap<number, number> = new Map(),
): Outcome {
  const memo = new Map<number, Outcome>(pins)
  function read(id: number): number {
    if (id < program.inputs) return pins.get(id) ?? (values[id] as number)
    const outcome = memo.get(id) ?? outcomeOf(() => compute(program.formulas[id - program.inputs] as Formula, read))
    memo.set(id, outcome)
    if (outcome instanceof Error) throw outcome
    return outcome
  }
  return outcomeOf(() => read(node))
}

export class Minimal {
  runs = 0
  readonly #program: Program
  readonly #values: number[]
  readonly #known = new Map<number, { outcome: Outcome; trace: [number, Outcome][] }>()
  #checked = new Set<number>()

  constructor(program: Program, values: number[]) {
    this.#program = program
    this.#values = values
  }

  /** Values were edited: everything has to be looked at again. */
  edited(): void {
    this.#checked = new Set()
  }

  /** Forget a result. */
  forget(id: number): void {
    this.#checked = new Set()
    const known = this.#known.get(id)
    if (known !== undefined) known.trace = [[-1, NaN]]
  }

  read(id: number): Outcome {
    if (id === -1) return 0
    if (id < this.#program.inputs) return this.#values[id] as number
    const known = this.#known.get(id)
    if (known !== undefined) {
      if (this.#checked.has(id)) return known.outcome
      if (known.trace.every(([dep, seen]) => Object.is(this.read(dep), seen))) {
        this.#checked.add(id)
        return known.outcome
      }
    }
    const trace: [number, Outcome][] = []
    const outcome = outcomeOf(() =>
      compute(this.#program.formulas[id - this.#program.inputs] as Formula, (dep) => {
        const value = this.read(dep)
        trace.push([dep, value])
        if (value instanceof Error) throw value
        return value
      }),
    )
    this.runs++
    this.#known.set(id, { outcome, trace })
    this.#checked.add(id)
    return outcome
  }
}

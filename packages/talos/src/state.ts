/**
 * Everything one graph knows. No module holds mutable state, so a process may have thousands.
 *
 * `clock` moves with every effective write and orders what happened; `revision` counts committed
 * batches and is what people see. `epoch` is what the read fast path compares with: the clock, or a
 * value no node carries when every read has to take the slow path (inside a fork, or while traced).
 */
import { disposeEffect } from './effect.ts'
import { TalosError } from './errors.ts'
import { Keeper } from './keep.ts'
import { unlink } from './links.ts'
import { Names } from './named.ts'
import {
  DISPOSED,
  EFFECT,
  EffectRecord,
  EMPTY,
  FAILED,
  Failure,
  FORCE,
  INPUT,
  LINKED,
  Link,
  labelOf,
  NEVER,
  Node,
  PROBED,
  RUNNING,
  STALE,
} from './node.ts'
import { Queue } from './queue.ts'
import { run, SUSPENDED } from './run.ts'
import { track } from './trace.ts'
import { MAX_NESTED_FIRST_RUNS, pull, readRunning } from './verify.ts'
import { assign, type Logged, touch, write } from './write.ts'

const SLOW = -2
/** Linked and nothing else of this: current as soon as every change is announced. */
const UNSETTLED = LINKED | STALE | FORCE | FAILED
/** Nothing of this but FORCE: runs without looking at anything else. */
const UNVERIFIABLE = FORCE | PROBED | INPUT | EFFECT

export class State {
  clock = 1
  epoch = 1
  revision = 0
  /** Clock of the last change outside any fork. */
  writtenAt = 1

  // The run in progress.
  consumer: Node | null = null
  owner: Node | null = null
  runId = 0
  lastRun = 0
  cursor = 0
  readonly reads: unknown[] = []
  readsTop = 0
  /** What is running, outermost first: the first `depth` entries. */
  readonly runs: (Node | undefined)[] = []
  depth = 0
  /** Where call nesting is counted from: reset by effects, which cannot be restarted. */
  baseDepth = 0

  // Verification.
  readonly walk: Node[] = []
  readonly walkAt: number[] = []
  suspended: Node | null = null
  unwound: Node[] = []

  // Writes not yet delivered.
  batchDepth = 0
  readonly log: Logged[] = []
  touched = false
  readonly unannounced: Queue = new Queue()
  readonly probes: Queue = new Queue()
  /** The probe under way, while its consumers are unmarked. */
  probing: Node | null = null
  readonly pendingMarks: Link[] = []
  readonly effects: Queue = new Queue()
  flushing = false
  flushId = 0
  lastOrder = 0

  readonly names: Names = new Names()
  /** Offers a stored result in place of a first run; set while a loaded store has any. */
  recall: ((node: Node) => boolean) | null = null
  readonly keeper: Keeper = new Keeper(this)
  view: View | null = null
  readonly snapshots: Set<Preserver> = new Set()
  tracer: Tracer | null = null
  disposed = false
  readonly writesInDerived: boolean
  /**
   * One object of each class, kept for good. V8 holds hidden classes weakly: with the last node of a process
   * its class would go, and all code compiled for nodes with it (docs/measurements.md).
   */
  static readonly specimens: readonly object[] = oneOfEach(new State(false))

  // Work done, for `counters`.
  runCount = 0
  cutoffCount = 0
  verifiedCount = 0
  markCount = 0
  effectCount = 0
  suspendedCount = 0
  recalledCount = 0

  constructor(writesInDerived: boolean) {
    this.writesInDerived = writesInDerived
  }

  /** Whether a derived value is being computed; effects reset the base, so their own writes are fine. */
  get deriving(): boolean {
    return this.depth > this.baseDepth
  }

  get counters(): Counters {
    return {
      runs: this.runCount,
      cutoffs: this.cutoffCount,
      verified: this.verifiedCount,
      marks: this.markCount,
      effects: this.effectCount,
      suspended: this.suspendedCount,
      recalled: this.recalledCount,
    }
  }

  /** The slow path of every read. */
  read(node: Node): unknown {
    if (this.epoch === SLOW || this.suspended !== null) return this.readCarefully(node)
    const { flags } = node
    if ((flags & (INPUT | FAILED)) === INPUT) node.verifiedAt = this.clock
    else if ((flags & RUNNING) !== 0) return readRunning(this, node)
    else if ((flags & UNSETTLED) === LINKED && this.quiet) node.verifiedAt = this.clock
    else if ((flags & UNVERIFIABLE) === FORCE && this.canNest) run(this, node)
    else if (node.verifiedAt !== this.clock) pull(this, node)
    if (this.consumer !== null && node.seenBy !== this.runId) track(this, node)
    if ((node.flags & FAILED) !== 0) throw (node.value as Failure).error
    return node.value
  }

  /** A first run may start at the read: `pull` would come to the same, several frames of call stack later. */
  private get canNest(): boolean {
    const depth = this.depth - this.baseDepth
    return depth > 0 && depth < MAX_NESTED_FIRST_RUNS && this.recall === null && this.quiet
  }

  /** Every change is announced, so that an unmarked linked node is current. */
  private get quiet(): boolean {
    return this.unannounced.empty && this.probes.empty && this.probing === null
  }

  /** Reading inside a fork, while traced, or while a suspended pull unwinds. */
  private readCarefully(asked: Node): unknown {
    if (this.suspended !== null) throw SUSPENDED
    const node = this.view === null ? asked : this.view.resolve(asked)
    if ((node.flags & RUNNING) !== 0) return readRunning(this, node)
    if (node.verifiedAt !== this.clock) pull(this, node)
    else if (this.tracer !== null) this.tracer.hit(node)
    if (this.consumer !== null && node.seenBy !== this.runId) track(this, node)
    if ((node.flags & FAILED) !== 0) throw (node.value as Failure).error
    return node.value
  }

  track(node: Node): void {
    track(this, node)
  }

  write(node: Node, value: unknown): void {
    write(this, node, value)
  }

  touch(node: Node): void {
    touch(this, node)
  }

  /** Advance the clock for an effective change. */
  tick(): number {
    this.clock++
    if (this.view === null) this.writtenAt = this.clock
    this.retune()
    return this.clock
  }

  /** Point the fast path at the clock, or away from it while reads need the slow path. */
  retune(): void {
    this.epoch = this.view === null && this.tracer === null ? this.clock : SLOW
  }

  /** Make the next read of a derived value run again. */
  refresh(node: Node): void {
    if ((node.flags & (INPUT | EFFECT | DISPOSED)) !== 0) return
    if (this.deriving && !this.writesInDerived)
      throw new TalosError(
        'write_in_derived',
        `${labelOf(node)} was refreshed while a derived value was being computed.`,
      )
    // A fork may rerun its own results; the parent's are not its to touch.
    if (this.view !== null && node.extra?.origin === undefined)
      throw new TalosError('read_only', `${labelOf(node)} cannot be refreshed inside a fork.`)
    node.flags |= FORCE
    node.verifiedAt = NEVER
    this.tick()
    this.announce(node)
  }

  /** Hand a node to observers as changed outside a write: settled promises, expiry, disposal. */
  announce(node: Node): void {
    if (node.subs !== null) this.unannounced.push(node)
    this.deliver()
  }

  /** Replaced by the graph: flushing needs modules this one is needed by. */
  deliver: () => void = () => {}

  /** Let snapshots keep a value that is about to be replaced. */
  preserve(node: Node, value: unknown): void {
    for (const snapshot of this.snapshots) snapshot.preserve(node, value)
  }

  dispose(node: Node): void {
    if ((node.flags & DISPOSED) !== 0) return
    if ((node.flags & EFFECT) !== 0) return disposeEffect(this, node)
    const error = new TalosError('disposed', `${labelOf(node)} was disposed.`)
    if (node.extra?.persist === true) this.names.remove(node.extra.id as string)
    assign(this, node, new Failure(error, this.clock))
    node.flags = (node.flags | DISPOSED | FAILED) & ~FORCE
    node.verifiedAt = NEVER
    unlink(node)
    node.trace = EMPTY
    this.deliver()
  }
}

function oneOfEach(state: State): object[] {
  const node = new Node(state, null, undefined, INPUT)
  return [node, new Link(node, node, null), new EffectRecord(), new Failure(undefined, 0)]
}

export interface Counters {
  /** Runs of derived values that ended, by value or error. */
  runs: number
  /** Runs whose value equalled the old one. */
  cutoffs: number
  /** Nodes found current by comparing what they had read. */
  verified: number
  /** Observed nodes marked as possibly out of date. */
  marks: number
  effects: number
  /** Runs cut short because a first pull nested too deeply, and started again. */
  suspended: number
  /** First runs replaced by a recorded result. */
  recalled: number
}

/** What the engine asks of a fork while code runs inside it. */
export interface View {
  readonly frozen: boolean
  resolve(node: Node): Node
  write(node: Node, value: unknown): void
}

/** Keeps values that are about to be replaced (snapshots). */
export interface Preserver {
  preserve(node: Node, value: unknown): void
}

/** Sees every run while attached. */
export interface Tracer {
  /** A node is about to run; its trace is still that of its last run. */
  started(node: Node): void
  ended(node: Node): void
  /** A read found the node current. */
  hit(node: Node): void
}

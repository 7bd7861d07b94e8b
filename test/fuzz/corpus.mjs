/** Inputs that are kept: small ones that reach what no other does, and `regression-…` for each failure there ever was. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nothingSeen, remember } from './coverage.mjs'

/** Together at most so many octets of one parser. */
const keptBytes = 8_192

function folderOf(parser) {
  return fileURLToPath(new URL(`corpus/${parser}/`, import.meta.url))
}

export function readCorpus(parser) {
  const folder = folderOf(parser)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(folder + name))
}

/** @returns the name of the file */
export function keepRegression(parser, input) {
  const folder = folderOf(parser)
  mkdirSync(folder, { recursive: true })
  const name = `regression-${digest(input)}`
  writeFileSync(folder + name, input)
  return `${parser}/${name}`
}

/** Replace what was kept for a parser, regressions aside. */
export function writeCorpus(parser, inputs) {
  const folder = folderOf(parser)
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (!name.startsWith('regression-')) rmSync(folder + name)
  for (const input of inputs) writeFileSync(folder + digest(input), input)
}

/**
 * The fewest and smallest inputs that reach what all of them reach: shortest first, each cut down as far as it goes.
 *
 * @param {(input: Buffer) => Promise<void>} run with counters reset before
 */
export async function minimised(inputs, run, counters) {
  const seen = nothingSeen(counters)
  const reach = async (input) => {
    await run(input)
    return counters.fresh(seen)
  }
  const kept = []
  let left = keptBytes
  for (const input of inputs.toSorted((one, other) => one.length - other.length)) {
    const fresh = await reach(input)
    if (fresh.length === 0) continue
    const holds = async (shorter) => {
      const found = new Set((await reach(shorter)).map(String))
      return fresh.every((pair) => found.has(String(pair)))
    }
    const small = await shrunk(input, holds)
    if (small.length > left) continue
    left -= small.length
    remember(seen, fresh)
    kept.push(small)
  }
  return kept
}

/** Cut pieces out of an input, large ones first, while it keeps its property. */
export async function shrunk(input, holds) {
  let small = input
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < small.length; ) {
      const shorter = Buffer.concat([small.subarray(0, at), small.subarray(at + size)])
      if (await holds(shorter)) small = shorter
      else at += size
    }
  }
  return small
}

function digest(input) {
  return createHash('sha256').update(input).digest('hex').slice(0, 12)
}

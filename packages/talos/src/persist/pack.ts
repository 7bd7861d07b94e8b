/**
 * The stored form of a graph: one authenticated text, a header line and one line per node.
 *
 * Lines come in dependency order and refer to dependencies by line number. A verifying trace is thus
 * the digests on the lines a derived value refers to: if they equal the present digests of those nodes,
 * its recorded value is right (SPEC H4).
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { TalosError } from '../errors.ts'
import { digest } from './codec.ts'

export interface Line {
  readonly id: string
  /** Inputs have none. */
  readonly version: string | null
  readonly digest: string
  /** The encoded value. */
  readonly value: string
  /**
   * Line numbers of what it read; null for inputs. With a digest where the value it saw is no longer the
   * one on that line, as after an input was set in the store.
   */
  readonly deps: readonly Dep[] | null
  /** Memo entries: memo name and encoded arguments. */
  readonly memo: readonly [name: string, args: string] | null
}

export type Dep = number | readonly [line: number, seen: string]

export function lineOf(dep: Dep): number {
  return typeof dep === 'number' ? dep : dep[0]
}

/** Digest a dependency had when it was read. */
export function seenDigest(lines: readonly Line[], dep: Dep): string {
  return typeof dep === 'number' ? (lines[dep] as Line).digest : dep[1]
}

const FORMAT = 'talos-graph 1'

/** @param secret authenticates the text; without it only damage is detected, not forgery */
export function pack(key: string, lines: readonly Line[], secret: string | undefined): Uint8Array {
  const body = lines
    .map((line) => JSON.stringify([line.id, line.version, line.digest, line.value, line.deps, line.memo]))
    .join('\n')
  return Buffer.from(`${JSON.stringify([FORMAT, lines.length, seal(key, body, secret)])}\n${body}`)
}

/** @throws TalosError `foreign_store`, `corrupt_store` */
export function unpack(key: string, data: Uint8Array, secret: string | undefined): Line[] {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
  const end = text.indexOf('\n')
  const header = parse(text.slice(0, end < 0 ? text.length : end))
  if (!Array.isArray(header) || header[0] !== FORMAT)
    throw new TalosError('foreign_store', 'The store entry is not a graph of this format.', { key })
  const body = end < 0 ? '' : text.slice(end + 1)
  if (!same(String(header[2]), seal(key, body, secret)))
    throw new TalosError('corrupt_store', 'The stored graph is damaged, or was not written with this secret.', { key })
  const lines = header[1] === 0 ? [] : body.split('\n').map(toLine)
  // Without a secret anybody can make a right seal around a wrong body.
  if (lines.length !== header[1] || !lines.every(isLine))
    throw new TalosError('corrupt_store', 'The stored graph is not what this format allows.', { key })
  return lines
}

function toLine(text: string, number: number): Line | undefined {
  const fields = parse(text)
  if (!Array.isArray(fields)) return undefined
  const [id, version, digest, value, deps, memo] = fields as unknown[]
  const holds =
    typeof id === 'string' &&
    (typeof version === 'string' || version === null) &&
    typeof digest === 'string' &&
    typeof value === 'string' &&
    (deps === null || (Array.isArray(deps) && deps.every((dep) => isDep(dep, number)))) &&
    (memo === null || (Array.isArray(memo) && typeof memo[0] === 'string' && typeof memo[1] === 'string'))
  return holds ? ({ id, version, digest, value, deps, memo } as Line) : undefined
}

/** A dependency comes on an earlier line: there are no circles in what is stored. */
function isDep(dep: unknown, number: number): boolean {
  const [line, seen] = Array.isArray(dep) ? (dep as unknown[]) : [dep, '']
  return Number.isInteger(line) && (line as number) >= 0 && (line as number) < number && typeof seen === 'string'
}

function isLine(line: Line | undefined): line is Line {
  return line !== undefined
}

function seal(key: string, body: string, secret: string | undefined): string {
  // The key is part of what is sealed: a graph saved under one name is not valid under another.
  const bound = `${JSON.stringify(key)}\n${body}`
  return secret === undefined ? digest(bound) : createHmac('sha256', secret).update(bound).digest('base64url')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function same(left: string, right: string): boolean {
  const a = Buffer.from(left)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}

import { readFile } from 'node:fs/promises'
import { usageError } from './exit.ts'
import type { Terminal } from './terminal.ts'

/** Read `--input`: a JSON object as it stands, `@file`, or `-` for standard input. */
export async function readInput(given: string, terminal: Terminal): Promise<Readonly<Record<string, unknown>>> {
  const text = given === '-' ? await readAll(terminal.stdin) : await readTextOrFile(given)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw usageError('--input is not valid JSON. Give a JSON object, @file or - for standard input.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError('--input must be a JSON object with the fields of the operation.')
  }
  return { ...value }
}

/** Text as it stands, or the content of a file where it begins with `@`. */
export async function readTextOrFile(given: string): Promise<string> {
  return given.startsWith('@') ? readTextFile(given.slice(1)) : given
}

async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw fileError(file, error)
  }
}

/** Say in words why a file cannot be read. */
export function fileError(file: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return usageError(`There is no file ${file}.`, { file })
  if (code === 'EISDIR') return usageError(`${file} is a directory. Name files.`, { file })
  if (code === 'EACCES' || code === 'EPERM') return usageError(`You may not read ${file}.`, { file })
  return error instanceof Error ? error : new Error(String(error))
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

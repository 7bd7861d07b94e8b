import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Transport } from '@caliber/client'
import { type Command, Option } from 'commander'
import type { ErrorCode } from '../../domain/errors.ts'
import { addCommand, printAnswer, type Setting, withConnection } from './command.ts'
import { failureOf, usageError } from './exit.ts'
import { type Globals, globalsOf } from './globalOptions.ts'
import { type ImportRequest, importFile } from './importFile.ts'
import { exitCodeFor, type Outcome, report, say, totalLine } from './importOutcome.ts'
import { type Interrupt, onInterrupt } from './interrupt.ts'
import { showProgress } from './progressBar.ts'
import { fileError } from './readInput.ts'
import type { Terminal } from './terminal.ts'
import { visible } from './visible.ts'

const formats = ['auto', 'claude-code', 'openai', 'plain'] as const
/** The file name that means standard input. */
const stdinName = '-'

/** `caliber import FILE…`: stream transcripts through transcript.import. */
export function addImportCommand(program: Command, setting: Setting): void {
  const summary = 'Import transcripts: Claude Code sessions, OpenAI-style chats, or {role, content, at} lines.'
  const command = addCommand(program, 'import', summary)
    .argument('<file...>', 'files to import; - is standard input')
    .option('--source <name>', 'name of the transcript, where it is not that of the file; one name is one transcript')
    .addOption(new Option('--format <choice>', 'how to read it').choices(formats).default('auto'))
    .addOption(
      new Option('--on-malformed <choice>', 'at a line that cannot be read: go on, or end the file there')
        .choices(['skip', 'stop'])
        .default('skip'),
    )
    .addHelpText('after', '\nImporting again adds only what is new.\n\nExample:\n  caliber import session.jsonl')
  command.action(async (files: readonly string[], options: Readonly<Record<string, unknown>>) => {
    const { terminal } = setting
    const globals = globalsOf(command)
    const { readable, outcomes } = await sift(requestsFor(files, options))
    for (const outcome of outcomes) say(outcome, terminal, globals)
    const interrupt = onInterrupt()
    try {
      if (readable.length > 0) {
        await withConnection(setting, globals, ({ transport }) =>
          importAll(readable, outcomes, { transport, terminal, globals, interrupt }),
        )
      }
    } finally {
      interrupt.release()
    }
    const showsTotal = !globals.quiet && files.length > 1
    printAnswer(report(outcomes, interrupt.signal), globals, terminal, () => (showsTotal ? totalLine(outcomes) : ''))
    setting.setExitCode(exitCodeFor(outcomes, interrupt.signal))
  })
}

type FileRequest = ImportRequest & { readonly file: string }

interface Run {
  readonly transport: Transport
  readonly terminal: Terminal
  readonly globals: Globals
  readonly interrupt: Interrupt
}

/** One request per file. @throws CaliberError `invalid_input` where two files would become one transcript by accident */
function requestsFor(files: readonly string[], options: Readonly<Record<string, unknown>>): readonly FileRequest[] {
  const { source: named, onMalformed, format: asked } = options
  const format = formats.find((name) => name === asked) ?? 'auto'
  if (typeof named === 'string' && files.length > 1) {
    throw usageError('--source names one transcript. Import several files without it, or one after the other.')
  }
  const seen = new Map<string, string>()
  return files.map((file) => {
    if (file === stdinName && typeof named !== 'string') {
      throw usageError('What comes on standard input has no name. Add --source NAME.')
    }
    const source = typeof named === 'string' ? named : path.basename(file)
    const other = seen.get(source)
    if (other !== undefined) {
      throw usageError(
        `${other} and ${file} would be one transcript, "${source}". Import each on its own with --source.`,
      )
    }
    seen.set(source, file)
    return { file, source, format, onMalformed: onMalformed === 'stop' ? 'stop' : 'skip' }
  })
}

/** Tell the files that can be read from those that cannot, so that a mistyped name opens no memory. */
async function sift(requests: readonly FileRequest[]): Promise<{ readable: FileRequest[]; outcomes: Outcome[] }> {
  const readable: FileRequest[] = []
  const outcomes: Outcome[] = []
  for (const request of requests) {
    const { file } = request
    try {
      if (file !== stdinName) {
        await access(file, constants.R_OK)
        if ((await stat(file)).isDirectory()) throw usageError(`${file} is a directory. Name files.`, { file })
      }
      readable.push(request)
    } catch (error) {
      outcomes.push({ file, failure: failureOf(fileError(file, error)) })
    }
  }
  return { readable, outcomes }
}

/** After these the next file would fail the same way. */
const endsTheRun: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'storage_full',
  'unauthenticated',
  'forbidden',
  'internal',
])

async function importAll(requests: readonly FileRequest[], outcomes: Outcome[], run: Run): Promise<void> {
  for (const request of requests) {
    if (run.interrupt.signal !== undefined) return
    const outcome = await importOne(request, run)
    outcomes.push(outcome)
    say(outcome, run.terminal, run.globals)
    if ('failure' in outcome && endsTheRun.has(outcome.failure.code)) return
  }
}

async function importOne(
  { file, ...request }: FileRequest,
  { transport, terminal, globals, interrupt }: Run,
): Promise<Outcome> {
  const goOn = () => interrupt.signal === undefined
  try {
    const { bytes, sizeBytes } = await openFile(file, terminal)
    const isWatched = terminal.errIsTerminal && !globals.quiet
    const bar = isWatched ? await showProgress(visible(path.basename(file)), sizeBytes) : undefined
    try {
      return { file, summary: await importFile(bytes, request, transport, goOn, (progress) => bar?.update(progress)) }
    } finally {
      bar?.stop()
    }
  } catch (error) {
    return { file, failure: failureOf(fileError(file, error)) }
  }
}

async function openFile(
  file: string,
  { stdin }: Terminal,
): Promise<{ bytes: AsyncIterable<Uint8Array>; sizeBytes: number | undefined }> {
  if (file === stdinName) return { bytes: stdin, sizeBytes: undefined }
  const found = await stat(file)
  return { bytes: createReadStream(file), sizeBytes: found.isFile() ? found.size : undefined }
}

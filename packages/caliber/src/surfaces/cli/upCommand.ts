import { realpath } from 'node:fs/promises'
import type { Command } from 'commander'
import { CaliberError } from '../../domain/errors.ts'
import { waitForSeat } from '../../local/connect.ts'
import { defaultDataDirectory } from '../../local/dataDirectory.ts'
import type { Owned, Seat } from '../../local/seat.ts'
import { version } from '../../local/version.ts'
import { addCommand, type Setting } from './command.ts'
import { usageError } from './exit.ts'
import { type Globals, globalsOf } from './globalOptions.ts'
import { onInterrupt } from './interrupt.ts'
import { defaultPort, listenOnPort } from './listenOnPort.ts'
import { httpClientConfig, stdioClientConfig } from './mcpClientConfig.ts'
import { wholeNumber } from './operationFields.ts'
import { whoServes } from './servedAt.ts'
import type { Terminal } from './terminal.ts'
import { visible } from './visible.ts'

const defaultHost = '127.0.0.1'

/** `caliber up`: own the data directory and serve HTTP and MCP until told to stop. */
export function addUpCommand(program: Command, setting: Setting): void {
  const command = addCommand(program, 'up', 'Serve the API, its reference and MCP on this machine.')
    .option('-p, --port <integer>', `port to listen on (default: ${defaultPort}, or the next free one)`, wholeNumber)
    .option('--host <address>', 'address to listen on; loopback only', defaultHost)
    .option('--show-key', 'print the API key, in the open')
    .addHelpText('after', '\nRuns until Ctrl-C.\n\nExample:\n  caliber up --data-dir ./memory --port 8000')
  command.action(async (options: { readonly port?: number; readonly host: string; readonly showKey?: boolean }) => {
    const globals = globalsOf(command)
    // The environment's CALIBER_URL is for the commands that call; this one serves.
    if (command.optsWithGlobals()['url'] !== undefined)
      throw usageError('up serves a memory of this machine; --url is for calling one.')
    const seat = await waitForSeat(globals)
    const interrupt = onInterrupt()
    try {
      const { owned, directory } = seat
      if (!owned) throw await taken(directory)
      const url = await listenOnPort(owned, options.host, options.port)
      const key = options.showKey ? seat.credential.key : undefined
      setting.terminal.out(await announcement(seat, owned, url, key, globals, setting.terminal))
      await interrupt.came
      if (!globals.quiet && !globals.json) setting.terminal.err('caliber: stopping\n')
    } finally {
      await seat.close()
      interrupt.release()
    }
  })
}

async function taken(directory: string): Promise<CaliberError> {
  const { sentence, detail } = await whoServes(directory)
  return new CaliberError('conflict', `${sentence} Use that one, or stop it first.`, detail)
}

async function announcement(
  { directory }: Seat,
  { database: { tier } }: Owned,
  url: string,
  key: string | undefined,
  { json, quiet }: Globals,
  terminal: Terminal,
): Promise<string> {
  const addresses = {
    api: `${url}/v1`,
    reference: `${url}/reference`,
    openapi: `${url}/openapi.json`,
    mcp: `${url}/mcp`,
  }
  if (json) {
    const said = { url, ...addresses, dataDir: directory, tier, pid: process.pid, ...(key !== undefined && { key }) }
    return `${JSON.stringify(said)}\n`
  }
  if (quiet) return `${url}\n`
  const isDefault = directory === (await realpath(defaultDataDirectory()).catch(() => undefined))
  const stdio = stdioClientConfig({ dataDir: isDefault ? undefined : directory, tier })
  const bold = (text: string) => terminal.style('bold', text)
  return `${bold(`Caliber ${version}`)} serves ${visible(directory)} (${tier})

  API        ${addresses.api}
  Reference  ${addresses.reference}
  OpenAPI    ${addresses.openapi}
  MCP        ${addresses.mcp}
  Key        ${key ?? 'in credential.json of the directory; --show-key prints it'}

${bold('For an MCP client that starts Caliber itself:')}
${JSON.stringify(stdio, null, 2)}

${bold('For an MCP client over HTTP:')}
${JSON.stringify(httpClientConfig(url, key), null, 2)}

Ctrl-C stops it.
`
}

import type { Command } from 'commander'
import { version } from '../../local/version.ts'
import { addCommand, type Setting, withConnection } from './command.ts'
import { globalsOf } from './globalOptions.ts'

/** `caliber mcp`: the Model Context Protocol over standard input and output, for a client that starts us. */
export function addMcpCommand(program: Command, setting: Setting): void {
  const command = addCommand(program, 'mcp', 'Serve MCP over standard input and output.')
  command.addHelpText('after', '\nFor the configuration of an MCP client; caliber up prints one.')
  command.action(async () => {
    await withConnection(setting, globalsOf(command), async ({ transport }) => {
      const { serveStdio } = await import('../mcp/stdio.ts')
      await serveStdio((operation, input) => transport.call(operation, input), { version })
    })
  })
}

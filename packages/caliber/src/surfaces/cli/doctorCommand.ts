import { access } from 'node:fs/promises'
import type { Command } from 'commander'
import { errorTable } from '../../domain/errors.ts'
import { waitForSeat } from '../../local/connect.ts'
import { dataDirectory } from '../../local/dataDirectory.ts'
import type { Finding } from '../../local/doctor.ts'
import { addCommand, printAnswer, type Setting } from './command.ts'
import { connect } from './connection.ts'
import { type Globals, globalsOf } from './globalOptions.ts'
import type { Style, Terminal } from './terminal.ts'
import { visible } from './visible.ts'

/** `caliber doctor`: what is in order, what is not, and what to do. */
export function addDoctorCommand(program: Command, setting: Setting): void {
  const command = addCommand(
    program,
    'doctor',
    'Look whether this machine, the data and the database are in good health.',
  )
  command.addHelpText('after', '\nThe exit code is 0 unless something fails; warnings do not count.')
  command.action(async () => {
    const globals = globalsOf(command)
    const findings = globals.url === undefined ? await examineHere(globals) : await examineServer(globals)
    printAnswer({ findings }, globals, setting.terminal, (terminal) => printedFindings(findings, terminal))
    const worst = findings.find(({ status }) => status === 'fail')
    setting.setExitCode(worst ? errorTable[worst.code ?? 'integrity'].exit : 0)
  })
}

async function examineHere(globals: Globals): Promise<readonly Finding[]> {
  const { examineMachine, examineSeat, failed } = await import('../../local/doctor.ts')
  const directory = dataDirectory(globals.dataDir)
  const findings = await examineMachine(directory)
  // Looking must not make a memory where there is none.
  if (!(await exists(directory))) return findings
  try {
    const seat = await waitForSeat(globals)
    try {
      return [...findings, ...(await examineSeat(seat))]
    } finally {
      await seat.close()
    }
  } catch (error) {
    return [...findings, failed('open', error)]
  }
}

/** Of a server elsewhere, all there is to see is whether it answers. */
async function examineServer(globals: Globals): Promise<readonly Finding[]> {
  const { transport } = await connect(globals)
  const said = await transport.call('server.health', {}).then(JSON.stringify)
  const { tier, version } = { tier: '', version: '', ...((await transport.call('server.version', {})) as object) }
  return [{ check: 'server', status: 'ok', message: `${globals.url}: Caliber ${version}, ${tier}, ${said}` }]
}

const styles: Readonly<Record<Finding['status'], Style>> = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' }

function printedFindings(findings: readonly Finding[], terminal: Terminal): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  return findings
    .map(({ check, status, message }) => {
      const mark = terminal.style(styles[status], status.padEnd(4))
      return `${mark}  ${check.padEnd(width)}  ${visible(message)}\n`
    })
    .join('')
}

function exists(directory: string): Promise<boolean> {
  return access(directory).then(
    () => true,
    () => false,
  )
}

import type { Command } from 'commander'
import type { Database } from '../../db/sql.ts'
import { errorTable } from '../../domain/errors.ts'
import { addCommand, printAnswer, type Setting } from './command.ts'
import { usageError } from './exit.ts'
import { globalsOf } from './globalOptions.ts'

/** `caliber migrate`: bring the schema of a server up to date, apart from starting Caliber there. */
export function addMigrateCommand(program: Command, setting: Setting): void {
  const command = addCommand(program, 'migrate', 'Bring the schema of your Postgres server up to date.')
    .option('--check', 'list what is missing and change nothing; exit code 6 where something is')
    .option('--app-role <role>', 'let this role serve: it may act as caliber_app, and installs nothing')
    .addHelpText('after', '\nEmbedded and native memories are migrated whenever they are opened.')
    .addHelpText('after', '\nWith CALIBER_CLAIM_KEY set, the database learns to verify what is signed with that key.')
    .addHelpText('after', '\nExample:\n  caliber migrate --database-url postgres://owner@db.example/caliber')
  command.action(async ({ check, appRole }: { readonly check?: boolean; readonly appRole?: string }) => {
    const globals = globalsOf(command)
    const url = globals.databaseUrl ?? process.env['DATABASE_URL']
    if (url === undefined || url === '') {
      throw usageError(
        'migrate is for a server: give --database-url or set DATABASE_URL. Embedded and native memories migrate when opened.',
      )
    }
    const { openPostgres } = await import('../../db/postgres.ts')
    const { migrate, pendingMigrations } = await import('../../db/migrate.ts')
    const database = openPostgres({ url, tier: 'server', poolSize: 1 })
    try {
      const names = check ? await pendingMigrations(database) : await migrate(database)
      if (!check) await letServe(database, appRole)
      const answer = check ? { pending: names } : { applied: names }
      const title = check ? 'pending' : 'applied'
      printAnswer(answer, globals, setting.terminal, () =>
        names.length === 0 ? 'up to date\n' : names.map((name) => `${title}  ${name}\n`).join(''),
      )
      if (check && names.length > 0) setting.setExitCode(errorTable.conflict.exit)
    } finally {
      await database.close()
    }
  })
}

/** Give a role that only serves what it needs: the role of requests, and a key that its claims can be verified with. */
async function letServe(database: Database, appRole: string | undefined): Promise<void> {
  const { grantServing, installClaimKey } = await import('../../db/claimKey.ts')
  const { claimKeyIn } = await import('../../local/claimKeyFile.ts')
  const key = process.env['CALIBER_CLAIM_KEY']
  if (key !== undefined) await installClaimKey(database, claimKeyIn(key))
  if (appRole !== undefined) await grantServing(database, appRole)
}

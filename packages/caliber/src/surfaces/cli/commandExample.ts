import type { ContractOperation } from '../../generated/contract.ts'
import { fieldsOf } from './operationFields.ts'

/** The arguments after `caliber` that give an operation its example as input. */
export function exampleArguments(operation: ContractOperation): readonly string[] {
  const given = fieldsOf(operation).filter(({ name }) => operation.example[name] !== undefined)
  return [
    ...operation.name.split('.'),
    ...given.filter(({ positional }) => positional).map(({ name }) => String(operation.example[name])),
    ...given
      .filter(({ positional }) => !positional)
      .flatMap(({ name, flag, kind }) => {
        const value = operation.example[name]
        if (kind === 'boolean') return [value === true ? flag : flag.replace('--', '--no-')]
        return [flag, typeof value === 'string' ? value : JSON.stringify(value)]
      }),
  ]
}

/** The same as one line for a shell. */
export function exampleLine(operation: ContractOperation): string {
  return ['caliber', ...exampleArguments(operation)].map(quoted).join(' ')
}

/** Quote an argument for a POSIX shell, where it needs it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`
}

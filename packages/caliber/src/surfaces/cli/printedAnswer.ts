/** The few answers that read better in a form of their own; every other answer is printed as `print.ts` prints any. */
import type { ContextWindow, MemorySearchOutput, MemoryVerifyOutput } from '@caliber/client'
import { errorTable } from '../../domain/errors.ts'
import { printed } from './print.ts'
import { printedContext } from './printedContext.ts'
import { printedHits } from './printedHits.ts'
import { printedVerification } from './printedVerification.ts'
import { printedReceipt } from './receiptTable.ts'
import type { Terminal } from './terminal.ts'

/** Print the answer of an operation for people. */
export function printedAnswer(operation: string, answer: unknown, terminal: Terminal): string {
  // The operation's name decides the type of its answer: both come from one registry.
  switch (operation) {
    case 'memory.search':
      return printedHits(answer as MemorySearchOutput, terminal)
    case 'context.assemble':
      return printedContext(answer as ContextWindow, terminal)
    case 'context.explain':
      return `${printedContext(answer as ContextWindow, terminal)}\n${printedReceipt(answer as ContextWindow, new Map(), terminal)}`
    case 'memory.verify':
      return printedVerification(answer as MemoryVerifyOutput, terminal)
    default:
      return printed(answer, terminal)
  }
}

/** The exit code of a command that got its answer: not 0 where the answer itself is bad news. */
export function outcomeOf(operation: string, answer: unknown): number {
  if (operation !== 'memory.verify') return 0
  return (answer as MemoryVerifyOutput).ok ? 0 : errorTable.integrity.exit
}

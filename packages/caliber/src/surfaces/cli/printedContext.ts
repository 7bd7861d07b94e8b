import type { ContextWindow } from '@caliber/client'
import type { Terminal } from './terminal.ts'
import { visible } from './visible.ts'

/**
 * The context itself and nothing else. Into a file or a pipe it goes byte for byte; on a terminal, what could steer the
 * terminal is replaced.
 */
export function printedContext({ text, messages }: ContextWindow, terminal: Terminal): string {
  const content = text ?? (messages ?? []).map((message) => `${message.role}:\n${message.content}`).join('\n')
  const ended = content.endsWith('\n') || content === '' ? content : `${content}\n`
  return terminal.outIsTerminal ? visible(ended) : ended
}

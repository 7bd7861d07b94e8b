/**
 * Reader for the plain format, for people who write their own: `{role, content, at?, session?, id?}` on each line.
 *
 * The key is the `id`, else `l<line>`; the session is `main` unless given. Other fields are left alone.
 */

import type { Role } from '../turn.ts'
import { DraftBuilder, identifier, malformed, type Outcome } from './builder.ts'
import { excerpt } from './excerpt.ts'
import { isObject } from './json.ts'

const ROLES: readonly Role[] = ['user', 'assistant', 'system', 'tool']

/** Read one line of a plain transcript. */
export function readPlain(record: unknown, line: number): readonly Outcome[] {
  return [readRecord(record, line)]
}

function readRecord(record: unknown, line: number): Outcome {
  if (!isObject(record)) return malformed('not_a_turn', `Expected {role, content}, found ${excerpt(record)}`)
  const role = ROLES.find((known) => known === record['role'])
  if (role === undefined) {
    return malformed('not_a_turn', `Expected a role of ${ROLES.join(', ')}, found ${excerpt(record['role'])}`)
  }
  if (typeof record['content'] !== 'string') {
    return malformed('not_a_turn', `"content" must be a string, found ${excerpt(record['content'])}`)
  }
  const builder = new DraftBuilder()
  builder.text(record['content'])
  return builder.finish({
    session: identifier(record['session']) ?? 'main',
    key: identifier(record['id']) ?? `l${line}`,
    role,
    time: record['at'],
  })
}

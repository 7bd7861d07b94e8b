import { shown } from './text.ts'

/** What is wrong with an input, said without giving back more of it than a reader needs. */
export interface InputIssue {
  /** Members joined by dots; '' for the whole input. */
  readonly path: string
  readonly message: string
}

const mostIssues = 20

/** The first issues that a schema found, each cut to what can be read. */
export function inputIssues(
  found: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): readonly InputIssue[] {
  return found
    .slice(0, mostIssues)
    .map(({ path, message }) => ({ path: shown(path.map(String).join('.')), message: shown(message) }))
}

/** The registry as data: what the HTTP surface, the OpenAPI document, the reference and the generated client are made of. */
import type { AnyOperation, Effect } from '../../operations/operation.ts'
import { registry } from '../../operations/registry.ts'
import { entityNames } from './entities.ts'
import { type JsonSchema, toJsonSchema } from './jsonSchema.ts'
import { parseRoute, type Route } from './route.ts'

export interface DescribedOperation extends Route {
  readonly name: string
  readonly summary: string
  readonly needs: AnyOperation['needs']
  readonly effect: Effect
  readonly idempotent: boolean
  readonly mcp: boolean
  readonly example: Readonly<Record<string, unknown>>
  readonly input: JsonSchema
  /** Objects with a `title` are entities, the same in every answer. */
  readonly output: JsonSchema
}

/** Describe every operation, in the order of the registry. Costs some 20 ms; keep the result. */
export function describeOperations(): readonly DescribedOperation[] {
  const titles = entityNames(registry)
  return registry.map(({ name, http, summary, needs, effect, idempotent, mcp, example, input, output }) => ({
    name,
    ...parseRoute(http),
    summary,
    needs,
    effect,
    idempotent,
    mcp,
    example,
    input: toJsonSchema(input, 'input'),
    output: toJsonSchema(output, 'output', titles),
  }))
}

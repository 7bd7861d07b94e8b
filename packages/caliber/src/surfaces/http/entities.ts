/**
 * Find the entities among the outputs: objects that several answers share and that begin with their own id.
 *
 * They become named types of the client and components of the OpenAPI document. A schema may also name itself with
 * `.meta({ title })`.
 */
import { z } from 'zod'
import type { AnyOperation } from '../../operations/operation.ts'

/** @returns schema → name, such as `Note`; the noun of the operation stands in front where it is another one */
export function entityNames(registry: readonly AnyOperation[]): ReadonlyMap<unknown, string> {
  const seen = new Map<z.ZodObject, { times: number; noun: string }>()
  const visit = (schema: unknown, noun: string): void => {
    if (schema instanceof z.ZodObject) {
      const before = seen.get(schema)
      seen.set(schema, { times: (before?.times ?? 0) + 1, noun: before?.noun ?? noun })
      // Its parts were counted the first time: they are shared only when something else holds them too.
      if (!before) for (const inner of Object.values(schema.shape)) visit(inner, noun)
    } else if (schema instanceof z.ZodArray) visit(schema.element, noun)
    else if (isWrapper(schema)) visit(schema.unwrap(), noun)
  }
  for (const { name, output } of registry) visit(output, capitalised(name.split('.')[0] ?? ''))

  const names = new Map<unknown, string>()
  for (const [schema, { times, noun }] of seen) {
    const [field, type] = Object.entries(schema.shape)[0] ?? []
    const [, own] = /^(\w+)Id$/.exec(field ?? '') ?? []
    if (times < 2 || own === undefined || type instanceof z.ZodNullable) continue
    names.set(schema, noun === capitalised(own) ? noun : noun + capitalised(own))
  }
  return names
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}

function isWrapper(schema: unknown): schema is z.ZodNullable | z.ZodOptional | z.ZodDefault {
  return schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
}

/** The registry as MCP shows it: one tool for each operation that is offered to models. */
import type { Tool } from '@modelcontextprotocol/server'
import { validate as isUuid } from 'uuid'
import type { AnyOperation } from '../../operations/operation.ts'
import { registry } from '../../operations/registry.ts'
import { type JsonSchema, toJsonSchema } from '../http/jsonSchema.ts'

/** `note.record` is the tool `note_record`: several clients take letters, digits, `_` and `-` only. */
export function toolName(operation: string): string {
  return operation.replaceAll('.', '_')
}

/** The field of a tool's input that carries fences, which travel beside the input on other surfaces: a model has arguments alone. */
export const fencesField = 'fences'

/** Locks and regions themselves are changed under no fence. */
const fenceless = /^(lock|region)\./

/** The operation behind each tool, in the order of the registry. */
export const operationsByTool: ReadonlyMap<string, AnyOperation> = new Map(
  registry.filter(({ mcp }) => mcp).map((operation) => [toolName(operation.name), operation]),
)

/** Every tool; the same for every caller, so that a client may cache the list. */
export const tools: readonly Tool[] = [...operationsByTool.values()].map(describe)

function describe({ name, summary, example, input, output, effect, idempotent }: AnyOperation): Tool {
  return {
    name: toolName(name),
    title: firstClause(summary),
    description: summary,
    inputSchema: { ...withFences(name, effect, root(toJsonSchema(input, 'input'))), ...shown(example) },
    outputSchema: root(toJsonSchema(output, 'output')),
    annotations: {
      readOnlyHint: effect !== 'write',
      idempotentHint: idempotent,
      // Writes add: what is superseded, retracted or finished stays readable. An operation that erases needs a field of
      // its own in the registry before it may be offered here.
      destructiveHint: false,
      // The memory is all there is: nothing out there is asked or changed.
      openWorldHint: false,
    },
  }
}

/** An example of ids alone shows a model nothing that the schema does not say, and every tool is read in every session. */
function shown(example: AnyOperation['example']): { examples?: [AnyOperation['example']] } {
  return Object.values(example).every((value) => isUuid(value)) ? {} : { examples: [example] }
}

function withFences(name: string, effect: AnyOperation['effect'], schema: Tool['inputSchema']): Tool['inputSchema'] {
  if (effect !== 'write' || fenceless.test(name)) return schema
  const description = 'Leases of lock_acquire: <regionId>:<fence>.'
  return {
    ...schema,
    properties: { ...schema.properties, [fencesField]: { type: 'array', items: { type: 'string' }, description } },
  }
}

/** A title is short: the summary up to its first mark. */
function firstClause(summary: string): string {
  return summary.split(/[.:;]/u, 1).join('')
}

/** @throws TypeError for an input or output that is no object: a tool cannot carry it */
function root(schema: JsonSchema): Tool['inputSchema'] {
  if (!isRoot(schema)) throw new TypeError('The input and the output of an MCP tool are objects.')
  return schema
}

function isRoot(schema: unknown): schema is Tool['inputSchema'] {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'object'
}

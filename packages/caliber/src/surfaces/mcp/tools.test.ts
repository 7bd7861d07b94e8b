import { validate as isUuid } from 'uuid'
import { expect, test } from 'vitest'
import { registry } from '../../operations/registry.ts'
import { operationsByTool, tools } from './tools.ts'

test('the names of the tools are wire format', () => {
  expect(tools.map(({ name }) => name)).toEqual([
    'transcript_import',
    'memory_search',
    'context_assemble',
    'context_explain',
    'trajectory_start',
    'trajectory_get',
    'trajectory_list',
    'trajectory_finish',
    'scope_open',
    'scope_get',
    'scope_summary',
    'scope_list',
    'scope_close',
    'turn_append',
    'turn_list',
    'artifact_put',
    'artifact_get',
    'artifact_history',
    'note_record',
    'note_get',
    'note_list',
    'note_supersede',
    'note_retract',
    'event_since',
    'region_create',
    'region_get',
    'region_list',
    'lock_acquire',
    'lock_extend',
    'lock_release',
    'lock_list',
  ])
})

test('every operation that is offered to models is one tool, with a name that every client takes', () => {
  const offered = registry.filter(({ mcp }) => mcp)
  expect(operationsByTool.size).toBe(offered.length)
  for (const { name } of tools) expect(name).toMatch(/^[a-zA-Z0-9_]{1,64}$/)
})

test('titles are the first clauses of the summaries', () => {
  const titles = Object.fromEntries(tools.map(({ name, title }) => [name, title]))
  expect(titles).toMatchObject({
    note_record: 'Record a note',
    memory_search: 'Search turns, artifacts and notes by words',
    context_explain: 'Show an assembled context again',
  })
  for (const title of Object.values(titles)) expect(title?.length).toBeLessThanOrEqual(100)
})

test('every input is closed, shows an example unless it takes an id alone, and refers to nothing outside itself', () => {
  for (const { name, inputSchema } of tools) {
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
    const takesIdAlone = Object.values(operationsByTool.get(name)?.example ?? {}).every((value) => isUuid(value))
    expect(inputSchema['examples']).toEqual(takesIdAlone ? undefined : [expect.any(Object)])
    expect(JSON.stringify(inputSchema)).not.toContain('$ref')
  }
})

test('reads are marked as reads, writes as additions, and what may be repeated as such', () => {
  const hints = Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations]))
  expect(hints['context_assemble']).toMatchObject({ readOnlyHint: true, idempotentHint: true })
  expect(hints['note_record']).toMatchObject({ readOnlyHint: false, destructiveHint: false, idempotentHint: false })
  expect(hints['transcript_import']).toMatchObject({ readOnlyHint: false, idempotentHint: true, openWorldHint: false })
})

test('what a model reads of all tools stays below 24 KiB', () => {
  const read = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
  expect(JSON.stringify(read).length).toBeLessThan(24 * 1024)
})

test('a write takes fences beside its own fields, because a model has nothing but arguments', () => {
  const takes = Object.fromEntries(
    tools.map(({ name, inputSchema }) => [name, 'fences' in (inputSchema.properties ?? {})]),
  )
  expect(takes).toMatchObject({
    note_record: true,
    turn_append: true,
    note_get: false,
    lock_acquire: false,
    region_create: false,
  })
})

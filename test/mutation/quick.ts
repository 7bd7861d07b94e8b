/** In the first pass over all changes, leave out tests that take seconds: depth, memory, what is persisted. */
import { beforeEach } from 'vitest'

if (process.env['MUTATION_QUICK'] !== undefined)
  beforeEach(({ task, skip }) => {
    if (/^(D1|D2|Y1: a cycle longer|L1|L3|M2: entries go|H\d)/.test(task.name)) skip()
  })

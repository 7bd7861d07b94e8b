/** In the first pass over all changes, leave out tests that take seconds: long chains, and what waits for the garbage collector. */
import { beforeEach } from 'vitest'

if (process.env['MUTATION_QUICK'] !== undefined)
  beforeEach(({ task, skip }) => {
    if (/^(D1 D2: deep|L1: dropped|L3|M2: entries go|H7)/.test(task.name)) skip()
  })

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const names = readdirSync(join(root, 'examples')).map((file) => file.replace('.ts', ''))

test.for(names)('U1: the example %s asserts its own result', async (name) => {
  await import(`../examples/${name}.ts`)
})

test('U2: the snippets of the README are the examples', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  for (const name of names) {
    const source = readFileSync(join(root, 'examples', `${name}.ts`), 'utf8')
    const region = /\/\/ #region example\n([\s\S]*?)\/\/ #endregion/.exec(source)?.[1]
    expect(readme).toContain(`<!-- ${name} -->\n\`\`\`ts\n${region}\`\`\``)
  }
})

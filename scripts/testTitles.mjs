/**
 * Find the titles of tests in the text of a test file, or those of the gates in scripts/check.mjs.
 *
 * It reads text and runs nothing: a title is a literal that is the first of several arguments of `test`, of `describe`, of
 * what `.each`, `.for` or `.skipIf` of either gave, or of a name for such. What is commented out, `skip` or `todo` is no test.
 */

/** @returns {{ name: string, conditional: boolean }[]} the name as written; conditional: it may be skipped */
export function titlesOf(text) {
  const code = text.replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '')
  const aliases = [...code.matchAll(/const (\w+) = test\.skipIf\(/g)].map(([, name]) => name)
  const calls = code.matchAll(/(\)|(?<![\w.])\w+)\(\s*(['"`])((?:\\.|(?!\2).)+)\2,\s*(async )?(\(\w*)?/g)
  const gates = [...code.matchAll(/^ {2}'?([\w ]+)'?: \[process\.execPath/gm)]
  return [
    ...[...calls]
      .filter(([, head]) => head === ')' || head === 'test' || head === 'describe' || aliases.includes(head))
      .map(({ index, 1: head, 3: name, 5: parameter }) => ({
        name: name.replaceAll(/\\(.)/g, '$1'),
        conditional: aliases.includes(head) || parameter === '(context' || isAfterSkipIf(code, index),
      })),
    ...gates.map(([, name]) => ({ name, conditional: false })),
  ]
}

/** `test.skipIf(condition)('title', …)`: is what closes at `index` such a condition? */
function isAfterSkipIf(code, index) {
  return /test\.skipIf\([^\n]*$/.test(code.slice(0, index + 1))
}

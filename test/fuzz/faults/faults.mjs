/** Parsers with a seeded fault each: what the fuzzer must find, or it finds nothing. They are no part of `all`. */

const fault = (name, seeds, dictionary) => {
  const module = new URL(`${name}.mjs`, import.meta.url)
  return {
    name: `fault-${name}`,
    guides: [module],
    seeds,
    dictionary,
    isFault: true,
    load: async () => (await import(module.href)).parse,
  }
}

export const faults = [
  fault('crash', ['{}'], []),
  fault('hang', ['a,b'], []),
  fault('slow', ['a=1'], ['=', ';']),
  fault('superlinear', ['a&b'], ['&']),
  fault('chunking', ['one\r\ntwo'], ['\r\n']),
]

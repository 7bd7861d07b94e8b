/** Make the compiler prove that a switch covers its union. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected ${String(value)}`)
}

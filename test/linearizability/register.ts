/** One register, as in the etcd histories of Jepsen: read, write, compare and set. */
import type { Model } from './model.ts'

export type RegisterInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: number }
  | { readonly kind: 'compareAndSet'; readonly expected: number; readonly value: number }

/** What a read found, or whether a compare and set took place. */
export type RegisterOutput = number | null | boolean | 'written'

export const register: Model<number | null, RegisterInput, RegisterOutput> = {
  initial: null,
  partOf: () => 'register',
  keyOf: String,
  changesNothing: ({ input, output }) => input.kind === 'read' || output === false,
  step(value, { input, output }) {
    switch (input.kind) {
      case 'read':
        return output === undefined || output === value ? value : undefined
      case 'write':
        return input.value
      case 'compareAndSet': {
        const takesPlace = input.expected === value
        if (output !== undefined && output !== takesPlace) return undefined
        return takesPlace ? input.value : value
      }
    }
  },
}

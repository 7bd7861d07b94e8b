/** A store of strings by key: get, put, append. Each key is a part of its own. */
import type { Model } from './model.ts'

export type KeyValueInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put' | 'append'; readonly key: string; readonly value: string }

/** What a get found; a change answers with nothing of interest. */
export type KeyValueOutput = string | null

export const keyValue: Model<string, KeyValueInput, KeyValueOutput> = {
  initial: '',
  partOf: ({ key }) => key,
  keyOf: (value) => value,
  changesNothing: ({ input }) => input.kind === 'get',
  step(value, { input, output }) {
    switch (input.kind) {
      case 'get':
        return output === undefined || output === value ? value : undefined
      case 'put':
        return input.value
      case 'append':
        return value + input.value
    }
  },
}

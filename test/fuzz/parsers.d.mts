/** What the tests know of the table. */
export const parsers: readonly { readonly name: string }[]

/** What a memory holds: an item's id is unique over all three. */
export const itemKinds = ['turn', 'artifact', 'note'] as const
export type ItemKind = (typeof itemKinds)[number]

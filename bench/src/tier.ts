/** The databases that a machine has by itself, and is measured with. */
const tiers = ['embedded', 'native'] as const
export type Tier = (typeof tiers)[number]

/** Value of `--tiers` where none is given. */
export const allTiers = tiers.join()

/** Read `--tiers`. @throws TypeError for a name that is none */
export function readTiers(text: string): readonly Tier[] {
  return text.split(',').map((name) => {
    const tier = tiers.find((known) => known === name)
    if (tier) return tier
    throw new TypeError(`--tiers takes ${tiers.join(' and ')}, not ${name}`)
  })
}

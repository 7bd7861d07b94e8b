interface Probe {
  readonly head: Buffer
  readonly unit: Buffer
  readonly tail: Buffer
}

type Cost = (input: Buffer) => Promise<number>

export const mostGrowth: { readonly work: number; readonly time: number }
export function workGrowth(work: Cost, probe: Probe): Promise<number>
export function timeGrowth(took: Cost, probe: Probe, bounds?: { readonly maxBytes?: number }): Promise<number>

/** What `--peers` compares, by the name of its figures. */
export interface System {
  /** Systems of one store search what the first of them wrote. */
  readonly store: string
  /** Name of its file in `bench/peers`, without the ending. */
  readonly module: string
  /** What it is opened with. */
  readonly how: Readonly<Record<string, unknown>>
}

export const systems: Readonly<Record<string, System>> = {
  'ours.lexical': { store: 'oursLexical', module: 'ours', how: { meaning: false } },
  'ours.hybrid': { store: 'oursHybrid', module: 'ours', how: { meaning: true } },
  'peer.langgraphVector': { store: 'langgraph', module: 'langgraph', how: { mode: 'vector' } },
  'peer.langgraphHybrid': { store: 'langgraph', module: 'langgraph', how: { mode: 'hybrid' } },
  'peer.langgraphText': { store: 'langgraphText', module: 'langgraph', how: { mode: 'text' } },
  'peer.mastra': { store: 'mastra', module: 'mastra', how: {} },
  'peer.mem0': { store: 'mem0', module: 'mem0', how: {} },
  'peer.serverMemory': { store: 'serverMemory', module: 'serverMemory', how: {} },
}

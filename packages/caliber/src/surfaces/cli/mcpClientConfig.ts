/** What people paste into the configuration of an MCP client. */
import type { Tier } from '../../local/tier.ts'

export interface McpStdioTarget {
  /** Left out where it is the default one. */
  readonly dataDir: string | undefined
  readonly tier: Tier
}

/** For a client that starts Caliber itself. */
export function stdioClientConfig({ dataDir, tier }: McpStdioTarget): object {
  const options = [
    ...(dataDir === undefined ? [] : ['--data-dir', dataDir]),
    ...(tier === 'native' ? ['--tier', tier] : []),
  ]
  const server = { command: 'npx', args: ['caliber', 'mcp', ...options] }
  // The URL holds a password, so whoever pastes this fills it in.
  const env = { DATABASE_URL: 'postgres://…' }
  return { mcpServers: { caliber: tier === 'server' ? { ...server, env } : server } }
}

/** For a client that calls a running Caliber. @param key left out: a placeholder stands for it */
export function httpClientConfig(url: string, key: string | undefined): object {
  const headers = { Authorization: `Bearer ${key ?? '<the key: caliber up --show-key>'}` }
  return { mcpServers: { caliber: { type: 'http', url: `${url}/mcp`, headers } } }
}

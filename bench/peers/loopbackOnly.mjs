/**
 * No peer may call anybody: a connection to anything but this machine is refused and remembered, whatever the library
 * that asks for it does with the refusal. Import it before anything that could connect, and in every process.
 */
import net from 'node:net'

/** Hosts that somebody tried to reach. */
export const refused = []

const here = new Set(['localhost', '127.0.0.1', '::1', undefined])
const { connect } = net.Socket.prototype

net.Socket.prototype.connect = function connectHere(...words) {
  const [first] = words
  // Node passes its own normalised arguments as one array.
  const asked = Array.isArray(first) ? first[0] : first
  const host = typeof asked === 'object' ? asked?.host : typeof words[1] === 'string' ? words[1] : undefined
  if (here.has(host)) return connect.apply(this, words)
  refused.push(host)
  throw new Error(`The comparison has no network: ${host} was asked for.`)
}

// What telemetry there is, is told so as well.
Object.assign(process.env, {
  DO_NOT_TRACK: '1',
  LANGSMITH_TRACING: 'false',
  LANGCHAIN_TRACING_V2: 'false',
  MASTRA_TELEMETRY_DISABLED: '1',
  MEM0_TELEMETRY: 'false',
})

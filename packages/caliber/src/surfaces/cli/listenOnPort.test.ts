import { expect, test } from 'vitest'
import { CaliberError } from '../../domain/errors.ts'
import { listenOnPort } from './listenOnPort.ts'

const host = '127.0.0.1'

test('without a port the first free one from the default on is taken', async () => {
  const { owned, tried } = busyBelow(7478)
  expect(await listenOnPort(owned, host, undefined)).toBe('http://127.0.0.1:7478')
  expect(tried).toEqual([7475, 7476, 7477, 7478])
})

test('a port that was asked for is the only one tried', async () => {
  const { owned, tried } = busyBelow(9000)
  await expect(listenOnPort(owned, host, 8000)).rejects.toMatchObject({ code: 'conflict' })
  expect(tried).toEqual([8000])
})

test('the search ends, and ends at once for anything but a taken port', async () => {
  const { owned, tried } = busyBelow(9000)
  await expect(listenOnPort(owned, host, undefined)).rejects.toMatchObject({ code: 'conflict' })
  expect(tried).toHaveLength(21)

  const forbidden = { listen: () => Promise.reject(new CaliberError('invalid_input', 'Loopback only.')) }
  await expect(listenOnPort(forbidden, '0.0.0.0', undefined)).rejects.toMatchObject({ code: 'invalid_input' })
})

test('what is no port is refused before anything listens', async () => {
  for (const port of [-1, 65_536]) {
    await expect(listenOnPort(busyBelow(0).owned, host, port)).rejects.toMatchObject({ code: 'invalid_input' })
  }
})

function busyBelow(free: number) {
  const tried: number[] = []
  const listen = async (address: object) => {
    const port = 'port' in address ? Number(address.port) : 0
    tried.push(port)
    if (port < free) throw new CaliberError('conflict', `${port} is taken.`)
    return `http://${host}:${port}`
  }
  return { owned: { listen }, tried }
}

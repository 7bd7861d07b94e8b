import { expect, test } from 'vitest'
import { isLoopbackAddress, isPublicAddress } from './address.ts'

test.each([
  '8.8.8.8',
  '1.1.1.1',
  '172.15.255.255',
  '172.32.0.0',
  '100.63.255.255',
  '192.0.1.0',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
])('%s is public', (address) => {
  expect([isPublicAddress(address), isLoopbackAddress(address)]).toEqual([true, false])
})

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '192.0.0.192',
  '198.18.0.1',
  '203.0.113.9',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:10.0.0.1',
  '::ffff:8.8.8.8',
  '::10.0.0.1',
  '64:ff9b::a00:1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '2001:db8::1',
  '2001::a00:1',
  '2002:a00:1::',
  'localhost',
  '',
  '010.0.0.1',
  '8.8.8.8.',
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test('this machine is 127.0.0.0/8 and ::1', () => {
  const addresses = ['127.0.0.1', '127.8.8.8', '::1', '128.0.0.1', '::ffff:127.0.0.1', '0.0.0.0', '::', 'localhost']
  expect(addresses.filter(isLoopbackAddress)).toEqual(['127.0.0.1', '127.8.8.8', '::1'])
})

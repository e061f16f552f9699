import { describe, expect, test } from 'bun:test'

import { AddressRefused, findDestination } from '../../src/web/address.ts'

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['93.184.216.34'],
  'six.example': ['2606:2800:220:1:248:1893:25c8:1946'],
  'mixed.example': ['93.184.216.34', '10.0.0.7'],
  'rebound.example': ['127.0.0.1'],
  'wiki.local': ['10.0.0.7'],
}
const rules = {
  privateHosts: ['wiki.local', '127.0.0.1:3001'],
  lookup: async (name: string) => {
    const addresses = NAMES[name]
    if (!addresses) throw new Error('ENOTFOUND')
    return addresses
  },
}
const find = async (url: string) => findDestination(url, rules)

test.each([
  ['https://public.example/a?b#c', '93.184.216.34'],
  ['http://public.example:8080/', '93.184.216.34'],
  ['https://six.example/', '2606:2800:220:1:248:1893:25c8:1946'],
  ['https://8.8.8.8/', '8.8.8.8'],
  ['https://[2001:4860:4860::8888]/', '2001:4860:4860::8888'],
])('%s leads to a public address, which is what is connected to', async (url, address) => {
  expect(await find(url)).toMatchObject({ address })
})

describe('what is not in the public internet is refused, however it is written', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.0.0.1:3002/',
    'http://localhost/',
    'http://0.0.0.0/',
    'http://0/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::7f00:1]/',
    'http://[::ffff:0:7f00:1]/',
    'http://[2001:db8::1]/',
    'http://[2001::7f00:1]/',
    'http://[fec0::1]/',
    'http://[2002:7f00:1::]/',
    'http://[fe80::1]/',
    'http://[fc00::1]/',
    'http://[fd12:3456::1]/',
    'http://[ff02::1]/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/latest/meta-data/',
    'http://100.64.0.1/',
    'http://192.0.2.1/',
    'http://198.18.0.1/',
    'http://203.0.113.1/',
    'http://224.0.0.1/',
    'http://240.0.0.1/',
    'http://255.255.255.255/',
    'http://rebound.example/',
    'http://mixed.example/',
    'http://rebound.example./',
    'http://①②⑦.0.0.1/',
    'http://127。0。0。1/',
    'https://public.example@127.0.0.1/',
    'https://user:secret@public.example/',
    'file:///etc/passwd',
    'ftp://public.example/',
    'gopher://public.example/',
    'data:text/plain,x',
    'javascript:alert(1)',
    'unix:///var/run/docker.sock',
    '//public.example/',
    '/etc/passwd',
    'public.example',
    '',
    'http://',
    'http://nowhere.example/',
    `https://public.example/${'x'.repeat(3000)}`,
  ])('%s', async (url) => {
    expect(
      await find(url).then(
        () => 'reached',
        (error) => error,
      ),
    ).toBeInstanceOf(AddressRefused)
  })
})

test("the operator's own hosts are reached, with the port where it was named", async () => {
  expect(await find('http://wiki.local:8080/x')).toMatchObject({ address: undefined })
  expect(await find('http://127.0.0.1:3001/mcp')).toMatchObject({ address: undefined })
})

import { lookup } from 'node:dns/promises'

/** All addresses of a name, as the machine's own resolver gives them. */
export const lookUpAddresses = async (hostname: string): Promise<readonly string[]> =>
  (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address)

import ipaddr from 'ipaddr.js'

/** Where the server may be sent by others, and how it finds the way. */
export interface AddressRules {
  /** `host` or `host:port` in lower case: reached wherever they are, in private networks too. */
  readonly privateHosts: readonly string[]
  /** All addresses of a host name. Rejects where there are none. */
  readonly lookup: (hostname: string) => Promise<readonly string[]>
}

/** What is wrong with an address, in words for whoever asked for it. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/** A URL whose host is known to lie in the public internet, and one of its addresses. */
export interface Destination {
  readonly url: URL
  /** What to connect to; undefined where the operator trusts the host, whatever its address. */
  readonly address: string | undefined
}

const MAX_URL_CHARS = 2048

/**
 * Looks where a URL leads. Every address that its name has must be public: a name may be given a private one in the
 * moment between looking and connecting, which is why the address itself is what is connected to. Throws
 * `AddressRefused`.
 */
export async function findDestination(text: string, rules: AddressRules): Promise<Destination> {
  const url = parse(text)
  if (isTrusted(url, rules)) return { url, address: undefined }
  const addresses = await addressesOf(url, rules)
  const hidden = addresses.find((address) => !isPublic(address))
  if (hidden !== undefined)
    throw new AddressRefused(`${url.hostname} is not in the public internet, so it is not asked`)
  const [address] = addresses
  if (address === undefined) throw new AddressRefused(`${url.hostname} has no address`)
  return { url, address }
}

function parse(text: string): URL {
  if (text.length > MAX_URL_CHARS) throw new AddressRefused('the address is too long')
  const url = URL.parse(text)
  if (!url) throw new AddressRefused('this is no complete address; give one such as https://example.com/page')
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new AddressRefused(`${url.protocol} addresses are not fetched, only https: and http:`)
  if (url.username !== '' || url.password !== '')
    throw new AddressRefused('an address must not hold a user name or a password')
  return url
}

const isTrusted = ({ hostname, host }: URL, { privateHosts }: AddressRules): boolean =>
  privateHosts.includes(hostname) || privateHosts.includes(host)

async function addressesOf({ hostname }: URL, { lookup }: AddressRules): Promise<readonly string[]> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1')
  if (ipaddr.isValid(literal)) return [literal]
  try {
    return await lookup(hostname)
  } catch {
    throw new AddressRefused(`there is no host ${hostname}`)
  }
}

/** Neither private nor local nor reserved. Old addresses hide in new ones in several ways, all outside 2000::/3. */
function isPublic(text: string): boolean {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  if (address.range() !== 'unicast') return false
  return address instanceof ipaddr.IPv4 || ((address.parts[0] ?? 0) & 0xe000) === 0x2000
}

const TIMEOUT_MS = 5000

/**
 * The version in the release that lies at an address, where it is newer than this one. Asks for one small file and tells
 * nothing of this machine; rejects where the address does not answer with a version.
 */
export async function findUpdate(url: string, version: string): Promise<string | undefined> {
  const response = await fetch(`${url}/VERSION`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  const found = (await response.text()).trim()
  if (!response.ok || !VERSION.test(found))
    throw new Error(`${url}/VERSION holds no version (${response.status})`)
  return Bun.semver.order(found, version) > 0 ? found : undefined
}

const VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/

/** One executable of a release. */
export interface ReleaseTarget {
  /** The end of the file's name. */
  readonly name: string
  /** What Bun calls it. */
  readonly bunTarget: string
  readonly extension?: '.exe'
}

/**
 * All of them. The x64 ones are for processors from 2013 on; `-baseline` runs on older ones. The musl ones need
 * libstdc++ on the machine.
 */
export const TARGETS: readonly ReleaseTarget[] = [
  { name: 'linux-x64', bunTarget: 'bun-linux-x64' },
  { name: 'linux-x64-baseline', bunTarget: 'bun-linux-x64-baseline' },
  { name: 'linux-arm64', bunTarget: 'bun-linux-arm64' },
  { name: 'linux-x64-musl', bunTarget: 'bun-linux-x64-musl' },
  { name: 'linux-arm64-musl', bunTarget: 'bun-linux-arm64-musl' },
  { name: 'darwin-x64', bunTarget: 'bun-darwin-x64' },
  { name: 'darwin-arm64', bunTarget: 'bun-darwin-arm64' },
  { name: 'windows-x64', bunTarget: 'bun-windows-x64', extension: '.exe' },
]

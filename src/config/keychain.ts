import { shownName } from './secrets.ts'

/** The secrets that the operating system keeps for this program, by name. What it cannot do, it throws. */
export interface Keychain {
  /** The secret of that name; undefined where there is none, and on Linux where it is locked, too. */
  readonly get: (name: string) => Promise<string | undefined>
  /** Keeps a secret, in the place of an earlier one of that name. */
  readonly set: (name: string, secret: string) => Promise<void>
  /** Whether there was one to delete. */
  readonly delete: (name: string) => Promise<boolean>
}

/** The keychain of macOS, the secret service of Linux, or the credential manager of Windows. */
export const openKeychain = (service: string): Keychain => ({
  get: async (name) => (await Bun.secrets.get({ service, name })) ?? undefined,
  set: async (name, value) => Bun.secrets.set({ service, name, value }),
  delete: async (name) => Bun.secrets.delete({ service, name }),
})

/** Why the keychain did not do what it was asked to. */
export const keychainFault = (error: unknown): string =>
  `the keychain cannot be used: ${error instanceof Error ? error.message : String(error)}`

/** What a keychain that cannot be used may lack. */
export const keychainNeeds = (platform: string): string | undefined =>
  platform === 'linux'
    ? 'it needs libsecret and an unlocked secret service, such as gnome-keyring, in this session'
    : undefined

/** What is said of a name that the keychain does not know. */
export const nothingKept = (name: string, platform: string): string =>
  `the keychain holds nothing as ${shownName(name)}${platform === 'linux' ? ', or is locked' : ''}`

import { gather, type Sources } from './given.ts'
import { keychainFault, keychainNeeds, nothingKept } from './keychain.ts'
import { openFile } from './load.ts'
import { isKeychainName, type Kept, namesIn, secretFromText, shownName } from './secrets.ts'

/** Asks the keychain for all that the sources name of it; it is left alone where they name nothing. */
export async function askKeychain(sources: Sources): Promise<Sources> {
  const secrets = new Map<string, Kept>()
  // One after the other, as each may make the system ask the user for permission.
  for (const name of namesInKeychain(sources)) secrets.set(name, await ask(name, sources))
  return { ...sources, secrets }
}

/** Whatever the sources take from the keychain, by its names there. */
export function namesInKeychain(sources: Sources): readonly string[] {
  const file = openFile(sources, ignore)
  const given = Object.values(gather(sources, file, ignore)).map(({ value }) => value)
  // A table of the file may name any variable as the place of its key.
  const names = namesIn([given, file?.values, Object.values(sources.env)])
  return [...new Set(names)].filter(isKeychainName)
}

/** What is wrong is told when the configuration is made. */
const ignore = (): void => undefined

async function ask(name: string, { keychain, platform }: Sources): Promise<Kept> {
  try {
    const secret = secretFromText((await keychain?.get(name)) ?? '')
    if (secret !== '') return { secret }
    return { fault: nothingKept(name, platform), advice: `store it with "keychain set ${shownName(name)}"` }
  } catch (error) {
    return { fault: keychainFault(error), advice: keychainNeeds(platform) }
  }
}

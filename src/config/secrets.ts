import { quote } from './problem.ts'

/** What the keychain said of a name: the secret, or why there is none and what to do. */
export type Kept =
  | { readonly secret: string }
  | { readonly fault: string; readonly advice?: string | undefined }

/** What the keychain said, by name. */
export type Secrets = ReadonlyMap<string, Kept>

const PREFIX = 'keychain:'
const NAME = /^[\w.-]{1,100}$/

/** Whether the keychain can hold something by that name: letters, digits and `. _ -`. */
export const isKeychainName = (name: string): boolean => NAME.test(name)

/** How a setting says that its value is in the keychain. */
export const referenceTo = (name: string): string => PREFIX + name

/** The name in the keychain that a text stands for; undefined where the text stands for itself. */
export const nameIn = (text: string): string | undefined =>
  text.trim().startsWith(PREFIX) ? text.trim().slice(PREFIX.length).trim() : undefined

/** A name for people to see; somebody may have put the secret itself in its place. */
export const shownName = (name: string): string => (quote(name) === `"${name}"` ? name : 'NAME')

/** The names in the keychain that any text of a value stands for, lists and tables included. */
export function namesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(',').flatMap((part) => nameIn(part) ?? [])
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(namesIn) : []
}

/** The text with secrets in the place of their names; in a list each item may be a name. */
export function reveal(text: string, isList: boolean, secrets: Secrets | undefined): Kept {
  const secretTexts: string[] = []
  for (const part of isList ? text.split(',') : [text]) {
    const name = nameIn(part)
    const kept = name === undefined ? { secret: part } : find(name, secrets)
    if ('fault' in kept) return kept
    secretTexts.push(kept.secret)
  }
  return { secret: secretTexts.join(',') }
}

function find(name: string, secrets: Secrets | undefined): Kept {
  if (!isKeychainName(name))
    return { fault: `behind ${PREFIX} must stand a name of up to 100 letters, digits and . _ -` }
  return secrets?.get(name) ?? { fault: 'the keychain was not asked' }
}

/** A secret as a file or the keychain holds it: lines separate several. */
export const secretFromText = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, ',')

/** Where a secret stands, with the keychain where it is there. Names that may be secrets themselves are not shown. */
export function placeOfSecret(value: unknown, place: string): string {
  const names = namesIn(value).map((name) => referenceTo(shownName(name)))
  return names.length === 0 ? place : `${names.join(', ')}, from ${place}`
}

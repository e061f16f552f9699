const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const TIME = /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i
const DURATION = /^P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)$/
const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,255}$/
const LABEL = /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i
const IPV4 = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.|$)){4}$/
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
const SCHEME = /^[a-z][a-z\d+.-]*:/i

type Test = (text: string) => boolean

/**
 * The formats that the Messages API knows in an answer's schema (Anthropic API, §2.8); others say nothing. None of these
 * expressions can go back over what it has read, so all are quick.
 */
export const STRING_FORMATS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['date', isDate],
  ['time', (text) => TIME.test(text)],
  ['date-time', isDateTime],
  ['duration', (text) => DURATION.test(text)],
  ['email', (text) => EMAIL.test(text)],
  ['hostname', (text) => text.length <= 253 && text.split('.').every((label) => LABEL.test(label))],
  ['uri', (text) => SCHEME.test(text) && !/\s/.test(text) && URL.canParse(text)],
  ['ipv4', (text) => IPV4.test(text)],
  ['ipv6', (text) => /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`)],
  ['uuid', (text) => UUID.test(text)],
])

function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = DATE.exec(text) ?? []
  if (year === '') return false
  const date = new Date(Date.UTC(2000, +month - 1, +day))
  date.setUTCFullYear(+year, +month - 1, +day)
  return date.getUTCMonth() === +month - 1 && date.getUTCDate() === +day
}

function isDateTime(text: string): boolean {
  return isDate(text.slice(0, 10)) && /^[Tt ]$/.test(text.slice(10, 11)) && TIME.test(text.slice(11))
}
